#Requires -Version 5.1
# Builds cc2cc, or takes it from a release archive, and installs it into Claude Code. Run it again to update.
# For Windows PowerShell 5.1 and PowerShell 7: nothing newer than 5.1, and plain ASCII, which is what 5.1 reads.
[CmdletBinding(PositionalBinding = $false)]
param(
    [string] $Archive,
    [switch] $Help
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false # exit codes are looked at below

function Show-Usage {
    Write-Host @'
Usage: powershell -ExecutionPolicy Bypass -File install.ps1 [-Archive FILE]

Builds cc2cc with cargo and installs it into Claude Code; run again, it updates.
  -Archive FILE   take the binary from a release archive (.zip or .tar.gz), or FILE itself when it is a .exe,
                  instead of building it
  -Help           print this

CARGO_TARGET_DIR says where to build, CLAUDE_CONFIG_DIR where Claude Code keeps its files.
'@
}

function Stop-Install([string] $Text, [string[]] $Hints = @()) {
    [Console]::Error.WriteLine("install.ps1: $Text")
    foreach ($hint in $Hints) {
        [Console]::Error.WriteLine("hint: $hint")
    }
    exit 1
}

function Test-Command([string] $Name) {
    return [bool](Get-Command $Name -CommandType Application -ErrorAction SilentlyContinue)
}

# The binary in the archive, once it has been seen to run.
function Get-ReleasedBinary([string] $Scratch) {
    if (-not (Test-Path -LiteralPath $Archive -PathType Leaf)) {
        Stop-Install "there is no file $Archive"
    }
    $folder = Join-Path $Scratch 'archive'
    [void](New-Item -ItemType Directory -Path $folder)
    if ($Archive -like '*.exe') {
        Copy-Item -LiteralPath $Archive -Destination (Join-Path $folder 'cc2cc.exe')
    } elseif ($Archive -like '*.zip') {
        try {
            Expand-Archive -LiteralPath $Archive -DestinationPath $folder
        } catch {
            Stop-Install "$Archive is not a .zip archive, or it is damaged" 'fetch it again'
        }
    } else {
        if (-not (Test-Command 'tar.exe')) {
            Stop-Install 'there is no tar.exe to unpack it with' 'take the .zip archive'
        }
        & tar.exe -xzf $Archive -C $folder
        if ($LASTEXITCODE -ne 0) {
            Stop-Install "$Archive is not a .tar.gz archive, or it is damaged" 'fetch it again'
        }
    }
    $found = Get-ChildItem -LiteralPath $folder -Recurse -File -Filter 'cc2cc.exe' | Select-Object -First 1
    if ($null -eq $found) {
        Stop-Install "$Archive holds no file named cc2cc.exe, so it is no release of cc2cc for Windows"
    }
    $version = $null
    try {
        $version = & $found.FullName --version
    } catch {
        $version = $null # Windows did not start it at all
    }
    if (-not $version) {
        Stop-Install "the cc2cc in $Archive does not run on this machine" 'take the archive made for this system, or build it: install.ps1 without -Archive'
    }
    Write-Host "unpacked $version"
    return $found.FullName
}

# The binary, built.
function Get-BuiltBinary([string] $Scratch) {
    $manifest = Join-Path $PSScriptRoot 'Cargo.toml'
    if (-not (Test-Path -LiteralPath $manifest -PathType Leaf)) {
        Stop-Install "there is no source to build in $PSScriptRoot" 'with a release archive nothing is built: install.ps1 -Archive FILE'
    }
    $wanted = (Select-String -LiteralPath $manifest -Pattern '^rust-version = "(.*)"$').Matches[0].Groups[1].Value
    $cargoHome = $env:CARGO_HOME
    if (-not $cargoHome) {
        $cargoHome = Join-Path $env:USERPROFILE '.cargo'
    }
    $env:PATH = $env:PATH + ';' + (Join-Path $cargoHome 'bin') # a shell that was open when Rust was installed lacks it
    if (-not (Test-Command 'cargo.exe') -or -not (Test-Command 'rustc.exe')) {
        Stop-Install 'cargo was not found, and it is needed to build cc2cc' @(
            "install Rust $wanted or later with rustup, and run this again",
            'with a release archive nothing is built: install.ps1 -Archive FILE'
        )
    }
    $about = & rustc.exe -vV
    if ($LASTEXITCODE -ne 0) {
        Stop-Install 'rustc does not run' '`rustup default stable` sets it up'
    }
    $target = ($about | Select-String -Pattern '^host: (.*)$').Matches[0].Groups[1].Value
    $release = ($about | Select-String -Pattern '^release: (\d+\.\d+)').Matches[0].Groups[1].Value
    if ([version] $release -lt [version] $wanted) {
        Stop-Install "Rust $release is too old, cc2cc needs $wanted" '`rustup update stable` brings a newer one'
    }
    $probe = Join-Path $Scratch 'probe.rs'
    Set-Content -LiteralPath $probe -Value 'fn main() {}' -Encoding Ascii
    & rustc.exe --target $target -o (Join-Path $Scratch 'probe.exe') $probe | Out-Host
    if ($LASTEXITCODE -ne 0) {
        Stop-Install 'Rust cannot link programs here, see above' 'install the Visual Studio Build Tools with "Desktop development with C++"'
    }
    # Without it the binary needs a run-time library that not every machine has. Naming the target keeps the flag away
    # from cargo's own helpers.
    if ($target -like '*-windows-msvc') {
        $env:RUSTFLAGS = "$env:RUSTFLAGS -C target-feature=+crt-static".Trim()
    }
    $folder = $env:CARGO_TARGET_DIR
    if (-not $folder) {
        $folder = Join-Path $PSScriptRoot 'target'
    }
    Write-Host 'building cc2cc (the first time this takes some minutes)'
    & cargo.exe build --release --locked --quiet --manifest-path $manifest --target $target --target-dir $folder | Out-Host
    if ($LASTEXITCODE -ne 0) {
        Stop-Install 'the build failed, see above; nothing was installed'
    }
    $built = [IO.Path]::Combine($folder, $target, 'release', 'cc2cc.exe')
    if (-not (Test-Path -LiteralPath $built -PathType Leaf)) {
        Stop-Install "cargo built no $built; nothing was installed"
    }
    return $built
}

function Show-WhatNext {
    Write-Host @'

Now open two terminals and run `claude` in each. Each session says its name as it starts:

    cc2cc: you are brave-fox

Then write from one to the other, with the name you see there:

    /cc2cc:send calm-owl what are you working on?

or ask Claude to do it: "ask calm-owl what it is working on".
'@
    if (-not (Test-Command 'claude')) {
        Write-Host ''
        Write-Host 'There is no `claude` on your PATH yet; cc2cc needs Claude Code 2.1.200 or later.'
    }
}

if ($Help) {
    Show-Usage
    exit 0
}
if (-not $env:USERPROFILE) {
    Stop-Install 'USERPROFILE is not set' 'it says where to install'
}
$before = @{ PATH = $env:PATH; RUSTFLAGS = $env:RUSTFLAGS }
$scratch = Join-Path ([IO.Path]::GetTempPath()) ('cc2cc-install-' + [guid]::NewGuid())
[void](New-Item -ItemType Directory -Path $scratch)
try {
    if ($Archive) {
        $binary = Get-ReleasedBinary $scratch
    } else {
        $binary = Get-BuiltBinary $scratch
    }
    & $binary install
    if ($LASTEXITCODE -ne 0) {
        exit $LASTEXITCODE
    }
    Write-Host ''
    & $binary demo
    if ($LASTEXITCODE -ne 0) {
        Stop-Install 'cc2cc is installed, but its demo failed' '`cc2cc doctor` looks into it'
    }
    Show-WhatNext
} finally {
    # In a shell of the person's these would stay.
    $env:PATH = $before.PATH
    $env:RUSTFLAGS = $before.RUSTFLAGS
    Remove-Item -LiteralPath $scratch -Recurse -Force -ErrorAction SilentlyContinue
}

#Requires -Version 5.1
# Installs cc2cc into Claude Code. In a checkout it builds it; piped into iex, or anywhere else, it fetches the release for
# this machine and checks it. Run it again to update.
# For Windows PowerShell 5.1 and PowerShell 7: nothing newer than 5.1, and plain ASCII, which is what 5.1 reads.
[CmdletBinding(PositionalBinding = $false)]
param(
    [string] $Archive,
    [switch] $Help
)

# The releases as GitHub lays them out: latest/download/FILE and download/vVERSION/FILE. What stands before /releases is
# the repository, which cargo builds from where there is no release for the machine.
$Releases = 'https://github.com/cc2cc/cc2cc/releases'
if ($env:CC2CC_RELEASES) {
    $Releases = $env:CC2CC_RELEASES
}

function Show-Usage {
    Write-Host @'
Usage: powershell -ExecutionPolicy Bypass -File install.ps1 [-Archive FILE]
       irm https://github.com/cc2cc/cc2cc/releases/latest/download/install.ps1 | iex

Installs cc2cc into Claude Code; run again, it updates. In a checkout it is built with cargo. Elsewhere the release for
this machine is fetched and checked; where there is none, cargo builds it.
  -Archive FILE   take the binary from a release archive (.zip or .tar.gz), or FILE itself when it is a .exe
  -Help           print this

CC2CC_VERSION picks a release (the newest one), CC2CC_RELEASES says where releases are, CARGO_TARGET_DIR where to build,
CLAUDE_CONFIG_DIR where Claude Code keeps its files.
'@
}

function Stop-Install([string] $Text, [string[]] $Hints = @()) {
    throw (@($Text) + @($Hints | ForEach-Object { "hint: $_" }) -join "`n")
}

function Test-Command([string] $Name) {
    return [bool](Get-Command $Name -CommandType Application -ErrorAction SilentlyContinue)
}

# Whether this script is a file in a checkout. Piped into iex it is none.
function Test-Checkout {
    if ($env:CC2CC_HAVE -or -not $PSScriptRoot) {
        return $false
    }
    $manifest = Join-Path $PSScriptRoot 'Cargo.toml'
    return (Test-Path -LiteralPath $manifest -PathType Leaf) -and
        [bool](Select-String -LiteralPath $manifest -Pattern '^name = "cc2cc"$')
}

# Fetches an address into a file. Says what was wrong, or nothing.
function Save-Address([string] $Address, [string] $File) {
    $ProgressPreference = 'SilentlyContinue' # drawing it takes longer than fetching
    try {
        [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
        Invoke-WebRequest -Uri $Address -OutFile $File -UseBasicParsing
        return ''
    } catch {
        return "could not fetch ${Address}: $($_.Exception.Message)"
    }
}

# The binary of the release for this machine. Where there is none, cargo builds it. Nothing, when an update, which says in
# CC2CC_HAVE what is installed, finds nothing newer.
function Get-FetchedBinary([string] $Scratch) {
    $wanted = "$env:CC2CC_VERSION" -replace '^v', ''
    if ($wanted -notmatch '^[0-9A-Za-z.+-]*$') {
        Stop-Install "CC2CC_VERSION=$wanted is not a version" 'write it like 1.2.3, or leave it out'
    }
    $place = "$Releases/latest/download"
    if ($wanted) {
        $place = "$Releases/download/v$wanted"
    }
    # What runs on ARM is this one, translated.
    $system = 'x86_64-pc-windows-msvc'
    $sums = Join-Path $Scratch 'SHA256SUMS'
    $trouble = Save-Address "$place/SHA256SUMS" $sums
    $found = $null
    if (-not $trouble) {
        $found = Select-String -LiteralPath $sums -Pattern "^([0-9a-f]{64})  ?\*?(cc2cc-([0-9A-Za-z.+-]*)-$system\.zip)$" | Select-Object -First 1
        if (-not $found) {
            $trouble = "the release has no archive for $system"
        }
    }
    if ($trouble) {
        if ($env:CC2CC_HAVE) {
            Stop-Install $trouble 'nothing was changed; try again later'
        }
        return Get-CargoBinary $Scratch $wanted $trouble
    }
    $parts = $found.Matches[0].Groups
    $sum = $parts[1].Value
    $name = $parts[2].Value
    $version = $parts[3].Value
    if ($wanted -and $version -ne $wanted) {
        Stop-Install "$place holds version $version" 'nothing was installed'
    }
    if (-not (Test-Newer $version $wanted)) {
        return $null
    }
    Write-Host "fetching $name"
    $file = Join-Path $Scratch $name
    $trouble = Save-Address "$Releases/download/v$version/$name" $file
    if ($trouble) {
        Stop-Install $trouble 'nothing was installed; try again'
    }
    if ((Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash -ne $sum) {
        Stop-Install "$name is not what SHA256SUMS says: it came damaged, or somebody has changed it" 'nothing was installed; try again, and if it stays so tell the project'
    }
    return Get-ReleasedBinary $Scratch $file
}

# Whether there is something to do: always, unless an update finds nothing newer.
function Test-Newer([string] $Version, [string] $Wanted) {
    if (-not $env:CC2CC_HAVE) {
        return $true
    }
    if ($Version -eq $env:CC2CC_HAVE) {
        Write-Host "cc2cc $Version is installed already"
        return $false
    }
    $numbers = { param($text) [version] ($text -replace '[-+].*$', '') }
    if (-not $Wanted -and (& $numbers $env:CC2CC_HAVE) -ge (& $numbers $Version)) {
        Write-Host "cc2cc $env:CC2CC_HAVE is installed already; the newest release is $Version"
        return $false
    }
    return $true
}

# The binary, built by cargo from the repository, because of $Trouble.
function Get-CargoBinary([string] $Scratch, [string] $Wanted, [string] $Trouble) {
    $repository = $Releases -replace '/releases$', ''
    Write-Host "$Trouble; building it with cargo from $repository"
    $target = Get-CargoTarget $Scratch $Trouble
    $root = Join-Path $Scratch 'cargo'
    $from = @('--git', $repository)
    if ($Wanted) {
        $from += @('--tag', "v$Wanted")
    }
    & cargo.exe install --profile local --locked --quiet @from --target $target --root $root cc2cc | Out-Host
    if ($LASTEXITCODE -ne 0) {
        Stop-Install "$Trouble, and cargo could not build it from $repository" 'nothing was installed'
    }
    $env:CC2CC_INSTALLED_FROM = 'source'
    return [IO.Path]::Combine($root, 'bin', 'cc2cc.exe')
}

# The binary in the archive, once it has been seen to run.
function Get-ReleasedBinary([string] $Scratch, [string] $Archive) {
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
        Stop-Install "the cc2cc in $Archive does not run on this machine" 'take the archive made for this system, or build it: install.ps1 in a checkout'
    }
    Write-Host "unpacked $version"
    return $found.FullName
}

# The system to build for, once cargo has been found, which is needed because of $Trouble, and been seen to work. $Wanted
# is the oldest Rust that will do.
function Get-CargoTarget([string] $Scratch, [string] $Trouble, [string] $Wanted = '') {
    $cargoHome = $env:CARGO_HOME
    if (-not $cargoHome) {
        $cargoHome = Join-Path $env:USERPROFILE '.cargo'
    }
    $env:PATH = $env:PATH + ';' + (Join-Path $cargoHome 'bin') # a shell that was open when Rust was installed lacks it
    if (-not (Test-Command 'cargo.exe') -or -not (Test-Command 'rustc.exe')) {
        $which = 'Rust'
        if ($Wanted) {
            $which = "Rust $Wanted or later"
        }
        Stop-Install "$Trouble, and cargo was not found" @(
            "install $which with rustup, and run this again",
            'with a release archive nothing is built: install.ps1 -Archive FILE'
        )
    }
    $about = & rustc.exe -vV
    if ($LASTEXITCODE -ne 0) {
        Stop-Install 'rustc does not run' '`rustup default stable` sets it up'
    }
    $target = ($about | Select-String -Pattern '^host: (.*)$').Matches[0].Groups[1].Value
    $release = ($about | Select-String -Pattern '^release: (\d+\.\d+)').Matches[0].Groups[1].Value
    if ($Wanted -and [version] $release -lt [version] $Wanted) {
        Stop-Install "Rust $release is too old, cc2cc needs $Wanted" '`rustup update stable` brings a newer one'
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
    return $target
}

# The binary, built from the checkout.
function Get-BuiltBinary([string] $Scratch) {
    $manifest = Join-Path $PSScriptRoot 'Cargo.toml'
    $wanted = (Select-String -LiteralPath $manifest -Pattern '^rust-version = "(.*)"$').Matches[0].Groups[1].Value
    $target = Get-CargoTarget $Scratch 'cargo is needed to build cc2cc' $wanted
    $folder = $env:CARGO_TARGET_DIR
    if (-not $folder) {
        $folder = Join-Path $PSScriptRoot 'target'
    }
    Write-Host 'building cc2cc (the first time this takes some minutes)'
    & cargo.exe build --profile local --locked --quiet --manifest-path $manifest --target $target --target-dir $folder | Out-Host
    if ($LASTEXITCODE -ne 0) {
        Stop-Install 'the build failed, see above; nothing was installed'
    }
    $built = [IO.Path]::Combine($folder, $target, 'local', 'cc2cc.exe')
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

    /send calm-owl what are you working on?

or ask Claude to do it: "ask calm-owl what it is working on". In a third terminal `cc2cc watch` shows letters as they go,
and `cc2cc help` has worked examples.
'@
    if (-not (Test-Command 'claude')) {
        Write-Host ''
        Write-Host 'There is no `claude` on your PATH yet; cc2cc needs Claude Code 2.1.200 or later.'
    }
}

# All the rest, called by the last line, so that half of this script does nothing. What is set in here ends with it.
function Install-Cc2cc {
    Set-StrictMode -Version 2.0
    $ErrorActionPreference = 'Stop'
    $PSNativeCommandUseErrorActionPreference = $false # exit codes are looked at below
    if ($Help) {
        Show-Usage
        return
    }
    if (-not $env:USERPROFILE) {
        Stop-Install 'USERPROFILE is not set' 'it says where to install'
    }
    $before = @{ PATH = $env:PATH; RUSTFLAGS = $env:RUSTFLAGS; FROM = $env:CC2CC_INSTALLED_FROM }
    $scratch = Join-Path ([IO.Path]::GetTempPath()) ('cc2cc-install-' + [guid]::NewGuid())
    [void](New-Item -ItemType Directory -Path $scratch)
    try {
        # The list of what is installed says where it came from, for `cc2cc update`.
        $env:CC2CC_INSTALLED_FROM = 'release'
        if ($Archive) {
            $binary = Get-ReleasedBinary $scratch $Archive
        } elseif (Test-Checkout) {
            $env:CC2CC_INSTALLED_FROM = "checkout:$PSScriptRoot"
            $binary = Get-BuiltBinary $scratch
        } else {
            $binary = Get-FetchedBinary $scratch
        }
        if (-not $binary) {
            return
        }
        & $binary install
        if ($LASTEXITCODE -ne 0) {
            Stop-Install 'cc2cc could not be installed, see above'
        }
        if ($env:CC2CC_HAVE) {
            return
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
        $env:CC2CC_INSTALLED_FROM = $before.FROM
        Remove-Item -LiteralPath $scratch -Recurse -Force -ErrorAction SilentlyContinue
    }
}

try {
    Install-Cc2cc
} catch {
    [Console]::Error.WriteLine("install.ps1: $($_.Exception.Message)")
    if ($PSCommandPath) {
        exit 1
    }
    # Piped into iex there is no script to end, and `exit` would close the person's shell.
}

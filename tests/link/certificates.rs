//! Certificates as somebody has them who runs a server and is known to no system: signed by an authority of their own.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;

const NOW: [&str; 2] = ["20200101000000Z", "20490101000000Z"];
const PAST: [&str; 2] = ["20200101000000Z", "20200201000000Z"];

/// An authority that exists for one story.
pub struct Authority {
    dir: TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let authority = Self { dir: tempfile::tempdir().expect("a directory") };
        authority.has_key("ca", &["-x509", "-days", "2", "-out", "ca.pem"]);
        authority
    }

    /// The certificate by which a server's is proved.
    pub fn file(&self) -> String {
        self.path("ca.pem")
    }

    /// What nats-server is started with to be proved as the one at this address.
    pub fn of(&self, address: &str) -> Vec<String> {
        self.signed(address, NOW)
    }

    /// The same with a certificate that has expired.
    pub fn expired(&self) -> Vec<String> {
        self.signed("127.0.0.1", PAST)
    }

    fn signed(&self, address: &str, [from, until]: [&str; 2]) -> Vec<String> {
        let name = format!("{address}-{until}");
        self.has_key(&name, &["-out", "asks"]);
        let rules = format!(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nunique_subject=no\nrand_serial=yes\n\
             x509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=IP:{address}\n"
        );
        fs::write(self.path("rules"), rules).expect("written");
        fs::write(self.path("index"), "").expect("written");
        let out = format!("{name}.pem");
        self.openssl(&[
            "ca",
            "-batch",
            "-notext",
            "-config",
            "rules",
            "-cert",
            "ca.pem",
            "-keyfile",
            "ca.key",
            "-in",
            "asks",
            "-out",
            &out,
            "-startdate",
            from,
            "-enddate",
            until,
        ]);
        ["--tls", "--tlscert", &self.path(&out), "--tlskey", &self.path(&format!("{name}.key"))]
            .map(str::to_owned)
            .into()
    }

    fn has_key(&self, name: &str, more: &[&str]) {
        let (key, subject) = (format!("{name}.key"), format!("/CN={name}"));
        let words = [
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
            "-subj",
            &subject,
        ];
        self.openssl(&[&words, more].concat());
    }

    fn openssl(&self, words: &[&str]) {
        let done = Command::new("openssl").args(words).current_dir(self.dir.path()).stdin(Stdio::null()).output();
        let done = done.expect("openssl is installed; tests/run does that");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn path(&self, name: &str) -> String {
        let path: PathBuf = self.dir.path().join(name);
        path.to_str().expect("text").to_owned()
    }
}

//! The engine process by itself.

use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::{ENGINE, PATIENCE, model};

fn start(model: &Path) -> (Child, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(PATIENCE)).unwrap();
    let child = Command::new(ENGINE)
        .args([
            Path::new("embed"),
            Path::new("--model"),
            model,
            Path::new("--threads"),
            Path::new("1"),
        ])
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (child, ours)
}

#[test]
fn it_ends_when_the_server_goes() {
    let (mut child, mut socket) = start(&model());
    // Length, kind and dimensions of the first frame.
    let mut ready = [0; 9];
    socket.read_exact(&mut ready).unwrap();
    assert_eq!(
        u32::from_le_bytes([ready[5], ready[6], ready[7], ready[8]]),
        384
    );
    drop(socket);
    assert!(child.wait().unwrap().success());
}

#[test]
fn it_says_why_it_cannot_use_a_file_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no-model.gguf");
    std::fs::write(&path, b"GGUF is how it begins, but not how it goes on").unwrap();
    let (mut child, mut socket) = start(&path);
    let mut said = Vec::new();
    socket.read_to_end(&mut said).unwrap();
    let said = String::from_utf8_lossy(&said);
    assert!(
        said.contains("no-model.gguf is not a usable GGUF file"),
        "{said}"
    );
    assert!(!child.wait().unwrap().success());
}

#[test]
fn it_refuses_nonsense_on_the_connection() {
    use std::io::Write as _;
    let (mut child, mut socket) = start(&model());
    let mut ready = [0; 9];
    socket.read_exact(&mut ready).unwrap();
    socket.write_all(&[0xff; 64]).unwrap();
    assert!(!child.wait().unwrap().success());
}

#[test]
fn it_refuses_a_person_at_a_terminal() {
    let output = Command::new(ENGINE)
        .args(["embed", "--model", "any.gguf", "--threads", "1"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("not an engine connection"), "{said}");
}

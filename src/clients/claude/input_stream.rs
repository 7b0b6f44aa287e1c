//! The end of a streaming client's input.
//!
//! Such a client ends when its input has ended and no background hook of it runs. So a waker goes away with the input, and
//! where the end cannot be seen there must be no waker. Nothing of the input is read here.

/// What a client is told through.
#[derive(Debug)]
pub struct InputStream(system::Input);

impl InputStream {
    /// The standard input of the process `pid`; `None` when its end cannot be seen from here, or has come.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        system::Input::of(pid).filter(|input| !input.has_ended()).map(Self)
    }

    /// Returns when nobody can tell the client anything any more.
    pub fn await_end(&self) {
        self.0.await_end();
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::{fs, os::fd::OwnedFd, thread, time::Duration};

    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        fs::{Mode, OFlags, open},
        io::Errno,
        net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with},
    };

    /// How often a socket is looked at: the system announces its end to nobody but the client.
    const LOOK: Duration = Duration::from_millis(250);

    #[derive(Debug)]
    pub enum Input {
        /// A reading end of the client's own pipe. It is only waited at.
        Pipe(OwnedFd),
        Socket(Socket),
    }

    impl Input {
        pub fn of(pid: u32) -> Option<Self> {
            let path = format!("/proc/{pid}/fd/0");
            let target = link(&path)?;
            // Of a named pipe that has no writer just now nobody can say whether there was one.
            if target.starts_with("pipe:[") {
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
                return Some(Self::Pipe(open(&path, flags, Mode::empty()).ok()?));
            }
            let number = target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()?;
            let asked =
                socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG));
            let socket = Socket { path, target, number, asked: asked.ok()? };
            socket.state().is_some().then_some(Self::Socket(socket))
        }

        pub fn has_ended(&self) -> bool {
            match self {
                Self::Pipe(pipe) => has_hung_up(pipe, Some(&Timespec::default())),
                Self::Socket(socket) => socket.has_ended(),
            }
        }

        pub fn await_end(&self) {
            match self {
                Self::Pipe(pipe) => while !has_hung_up(pipe, None) {},
                Self::Socket(socket) => {
                    while !socket.has_ended() {
                        thread::sleep(LOOK);
                    }
                }
            }
        }
    }

    /// Whether a pipe has no writer any more. What cannot be waited at counts as ended: better no waker than a client that
    /// waits for it.
    fn has_hung_up(pipe: &OwnedFd, longest: Option<&Timespec>) -> bool {
        let mut handle = [PollFd::new(pipe, PollFlags::empty())];
        match poll(&mut handle, longest) {
            Ok(_) => handle[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL),
            Err(Errno::INTR) => false,
            Err(_) => true,
        }
    }

    fn link(path: &str) -> Option<String> {
        Some(fs::read_link(path).ok()?.to_str()?.to_owned())
    }

    /// One end of a pair of sockets, as libraries that start programs make them instead of pipes.
    #[derive(Debug)]
    pub struct Socket {
        path: String,
        target: String,
        number: u32,
        /// Where the system is asked about sockets.
        asked: OwnedFd,
    }

    impl Socket {
        fn has_ended(&self) -> bool {
            let is_there = link(&self.path).as_ref() == Some(&self.target);
            !is_there || self.state() != Some(State::Open)
        }

        /// Asks for the one socket of this number, see `sock_diag(7)`. `None` when the system does not say.
        fn state(&self) -> Option<State> {
            const UNIX: u8 = 1; // AF_UNIX
            const BY_FAMILY: u16 = 20;
            const REQUEST: u16 = 1;
            const SHUTDOWN: u16 = 6;
            const HEADERS: usize = 16 + 16;
            const ANY_STATE: u32 = u32::MAX;
            const NO_COOKIE: [u8; 8] = [0xff; 8];
            const SHOW_NOTHING_MORE: u32 = 0;
            const NOBODY_WRITES: u8 = 1;

            let mut question = Vec::with_capacity(40);
            question.extend(40_u32.to_ne_bytes());
            question.extend(BY_FAMILY.to_ne_bytes());
            question.extend(REQUEST.to_ne_bytes());
            question.extend([0; 8]); // sequence and port, which nobody needs here
            question.extend([UNIX, 0, 0, 0]);
            question.extend(ANY_STATE.to_ne_bytes());
            question.extend(self.number.to_ne_bytes());
            question.extend(SHOW_NOTHING_MORE.to_ne_bytes());
            question.extend(NO_COOKIE);
            send(&self.asked, &question, SendFlags::empty()).ok()?;
            let mut answer = [0; 512];
            let (length, _) = recv(&self.asked, &mut answer[..], RecvFlags::empty()).ok()?;
            let answer = answer.get(..length)?;
            if number(answer, 4)? != BY_FAMILY {
                return None;
            }
            let mut at = HEADERS;
            while at + 4 < length {
                let (size, kind) = (number(answer, at)?, number(answer, at + 2)?);
                if kind == SHUTDOWN {
                    let ended = answer.get(at + 4)? & NOBODY_WRITES != 0;
                    return Some(if ended { State::Ended } else { State::Open });
                }
                at += usize::from(size.max(4)).next_multiple_of(4);
            }
            None
        }
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum State {
        Open,
        Ended,
    }

    fn number(bytes: &[u8], at: usize) -> Option<u16> {
        Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    /// Nothing here lets one process see the end of another one's input.
    #[derive(Debug)]
    pub enum Input {}

    impl Input {
        pub fn of(_: u32) -> Option<Self> {
            None
        }

        pub fn has_ended(&self) -> bool {
            match *self {}
        }

        pub fn await_end(&self) {
            match *self {}
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{
        os::{fd::OwnedFd, unix::net::UnixStream},
        process::{Child, Command, Stdio},
    };

    use super::InputStream;

    /// A process that has `input` and reads none of it.
    fn fed_by(input: Stdio) -> Child {
        Command::new("sleep").arg("60").stdin(input).spawn().expect("sleep")
    }

    fn ended(mut child: Child) {
        child.kill().and_then(|()| child.wait()).expect("ended");
    }

    #[test]
    fn the_end_of_a_pipe_is_seen() {
        let mut child = fed_by(Stdio::piped());
        let input = InputStream::of(child.id()).expect("an open pipe");
        drop(child.stdin.take());
        input.await_end();
        assert!(InputStream::of(child.id()).is_none(), "it has ended");
        ended(child);
    }

    #[test]
    fn the_end_of_a_socket_is_seen() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let child = fed_by(OwnedFd::from(theirs).into());
        let input = InputStream::of(child.id()).expect("an open socket");
        ours.shutdown(std::net::Shutdown::Write).expect("closed");
        input.await_end();
        assert!(InputStream::of(child.id()).is_none(), "it has ended");
        ended(child);

        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let child = fed_by(OwnedFd::from(theirs).into());
        let input = InputStream::of(child.id()).expect("an open socket");
        drop(ours);
        input.await_end();
        ended(child);
    }

    #[test]
    fn where_the_end_cannot_be_seen_there_is_nothing_to_wait_for() {
        let child = fed_by(Stdio::null());
        assert!(InputStream::of(child.id()).is_none());
        ended(child);
    }
}

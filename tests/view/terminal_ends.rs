//! However it ends, the terminal is the person's again.

use cc2cc::view::terminal::Screen;
use rustix::process::Signal;

use super::terminal::Place;

#[test]
fn keys_and_signals_end_it_and_leave_the_terminal_as_it_was() {
    type End = fn(&mut super::terminal::Watched);
    let ends: [(End, u32); 5] = [
        (|watched| watched.press("q"), 0),
        (|watched| watched.press("\x03"), 0),
        (|watched| watched.signal(Signal::TERM), 128 + 15),
        (|watched| watched.signal(Signal::HUP), 128 + 1),
        (|watched| watched.signal(Signal::INT), 128 + 2),
    ];
    let place = Place::new();
    for (end, code) in ends {
        let mut watched = place.watch();
        watched.shows("no letters yet");
        assert!(watched.has_the_other_screen());
        end(&mut watched);
        assert_eq!(watched.ends(), code);
        watched.is_restored();
    }
}

#[test]
fn a_terminal_that_obeys_no_escapes_is_told_what_to_use_instead() {
    let place = Place::new();
    let mut watched = place.start(Place::binary(), &["watch"], &[("TERM", "dumb")]);
    assert_eq!(watched.ends(), 2);
    watched.shows("a terminal with TERM=dumb cannot show the live view");
    watched.shows("`cc2cc log -f` prints letters as they come");
    assert!(!watched.written().contains('\u{1b}'), "{}", watched.written());
}

const PANICS: &str = "CC2CC_TEST_PANICS";

#[test]
fn a_panic_is_read_on_ones_own_screen() {
    let place = Place::new();
    let me = std::env::current_exe().unwrap();
    let words = ["--exact", "view::terminal_ends::a_screen_that_panics", "--nocapture"];
    let mut watched = place.start(me.to_str().unwrap(), &words, &[(PANICS, "1")]);
    assert_ne!(watched.ends(), 0);
    watched.shows("something went wrong");
    watched.until("the other screen entered", |watched| watched.written().contains("\u{1b}[?1049h"));
    watched.is_restored();
}

/// Not a story: what the story before starts in a terminal. In this binary's run of all tests it does nothing.
#[test]
fn a_screen_that_panics() {
    if std::env::var_os(PANICS).is_none() {
        return;
    }
    let _screen = Screen::enter().unwrap();
    panic!("something went wrong");
}

#[test]
fn one_goes_to_the_shell_and_comes_back() {
    let place = Place::new();
    let mut watched = place.start("/bin/sh", &["-i"], &[("PS1", "ready> ")]);
    watched.shows("ready>");
    watched.press(&format!("{} watch\r", Place::binary()));
    watched.shows("no letters yet");
    watched.press("\x1a");
    watched.until("the shell", |watched| !watched.has_the_other_screen() && !watched.hides_the_cursor());
    watched.press("echo a$((20+3))b\r");
    watched.shows("a23b");
    watched.press("fg\r");
    watched.until("the view", |watched| watched.has_the_other_screen() && watched.screen().contains("no letters yet"));
    watched.press("?");
    watched.shows("fg");
    watched.shows("any key");
    watched.press("qq");
    watched.until("the shell", |watched| !watched.has_the_other_screen());
    watched.press("stty -a; exit\r");
    watched.ends();
    watched.is_restored();
}

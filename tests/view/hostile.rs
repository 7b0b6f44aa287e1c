//! Texts of peers are data: whatever is in them, the screen stays a screen.

use std::fmt::Write;

use cc2cc::text::unseen::is_unsafe;
use insta::assert_snapshot;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::stage::{Stage, minutes_ago};

const TEXTS: [&str; 9] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m cleared?",
    "right \u{202e}to left\u{202c} and \u{2066}isolated\u{2069}",
    "zero\u{200b}\u{200d}\u{2060}\u{feff}width",
    "日本語の手紙がとても長いときにも枠からはみ出さないこと、それが大切です。",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306} a pile of marks",
    "👨\u{200d}👩\u{200d}👧 family, 👍🏽 thumb, ❤\u{fe0f} heart, 🇩🇪 flag",
    "\r\n\r\n   \t  late start\rand return",
    "",
    "tags \u{e0041}\u{e0042} unseen \u{115f}\u{3164} fillers",
];

#[test]
fn no_text_leaves_its_cells() {
    for (columns, rows) in [(60, 16), (80, 24), (120, 40)] {
        let mut stage = Stage::with_a_day(columns, rows);
        for (k, text) in (0i64..).zip(TEXTS) {
            stage.post("swift-lynx", "brave-fox", &format!("h-{k}"), minutes_ago(2), text, None);
        }
        stage.refresh();
        for _ in TEXTS {
            for screen in [stage.screen(), {
                stage.types("\n");
                stage.screen()
            }] {
                for line in screen.lines() {
                    assert!(line.width() <= usize::from(columns), "{line}");
                    assert!(
                        !line.chars().any(|c| c.is_control()
                            || ('\u{200b}'..='\u{200f}').contains(&c)
                            || ('\u{202a}'..='\u{202e}').contains(&c)),
                        "{line:?}"
                    );
                }
                let edges = screen.lines().filter(|line| line.contains('│') || line.contains('┬')).count();
                assert_eq!(edges, usize::from(rows) - 3, "the line between the panes is whole\n{screen}");
            }
            stage.types("\x1bj");
        }
    }
}

#[test]
fn what_they_look_like() {
    let mut stage = Stage::with_a_day(110, 24);
    for (k, text) in (0i64..).zip(TEXTS) {
        stage.post("swift-lynx", "brave-fox", &format!("h-{k}"), minutes_ago(2), text, None);
    }
    stage.refresh();
    let mut lines = String::new();
    for line in stage.letters().lines().filter(|line| line.ends_with("2m")) {
        writeln!(lines, "{line}").unwrap();
    }
    assert_snapshot!(lines.replace(['\u{301}', '\u{302}', '\u{303}'], "^"), @"
    ○ swift-lynx → brave-fox tags �� unseen �� fillers                   2m
    ○ swift-lynx → brave-fox                                             2m
    ○ swift-lynx → brave-fox late start␍and return                       2m
    ○ swift-lynx → brave-fox 👨👩👧 family, 👍 thumb, ❤ heart, 🇩🇪 flag   2m
    ○ swift-lynx → brave-fox e^^^ a pile of marks                           2m
    ○ swift-lynx → brave-fox 日本語の手紙がとても長いときにも枠からは…   2m
    ○ swift-lynx → brave-fox zero����width                               2m
    ○ swift-lynx → brave-fox right �to left� and �isolated�              2m
    ○ swift-lynx → brave-fox ␛[2J␛]0;owned␇�31m cleared?                 2m
    ");
}

#[test]
fn places_and_reasons_are_data_too() {
    let mut stage = Stage::new(80, 24);
    stage.online("ann", cc2cc::agent::Activity::Idle, "/srv/\u{1b}[31mred\u{202e}");
    stage.home.claim(&"bob".parse().unwrap()).unwrap();
    let mut letter =
        cc2cc::mailbox::letter::Letter::new("bob".parse().unwrap(), "ann".parse().unwrap(), "x", minutes_ago(1));
    letter.origin.cwd = Some("/tmp/\u{1b}]52;c;eA==\u{7}".into());
    letter.kind = cc2cc::mailbox::letter::Kind::Other("\u{1b}[5mblink".into());
    stage.at("ann").publish_held(&letter, cc2cc::mailbox::Key::Fresh, "because \u{1b}[7m\nof that").unwrap();
    stage.refresh();
    stage.types("\n");
    let screen = stage.screen();
    assert!(!screen.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{screen}");
    assert!(screen.contains("because ␛[7m of that"), "{screen}");
}

/// The tables that every surface is tried with.
#[test]
fn no_attack_reaches_the_screen_and_every_script_does() {
    let attacks: Vec<Value> = serde_json::from_str(include_str!("../attacks.json")).unwrap();
    let ordinary: Vec<Value> = serde_json::from_str(include_str!("../ordinary.json")).unwrap();
    let joined = |c: char| matches!(c, '\u{200c}' | '\u{200d}' | '\u{2800}');
    for (is_attack, row) in attacks.iter().map(|row| (true, row)).chain(ordinary.iter().map(|row| (false, row))) {
        let text = row["text"].as_str().unwrap();
        let mut stage = Stage::new(200, 24);
        stage.online("ann", cc2cc::agent::Activity::Idle, text);
        stage.post("bob", "ann", "k-1", minutes_ago(1), text, None);
        stage.refresh();
        stage.types("\n");
        let screen = stage.screen();
        assert!(!screen.chars().any(|c| is_unsafe(c) && !joined(c)), "{row}\n{}", screen.escape_debug());
        if is_attack {
            assert!(!screen.contains(joined), "{row}\n{}", screen.escape_debug());
        } else {
            // Lines are laid out by cells: what takes no room between words, or joins or colours emoji, is left out.
            let drawn = |c: &char| !is_unsafe(*c) || joined(*c) && !row["kind"].as_str().unwrap().starts_with("emoji");
            let without_selectors: String =
                text.chars().filter(|c| !('\u{1f3fb}'..='\u{1f3ff}').contains(c)).filter(drawn).collect();
            for word in without_selectors.split_whitespace() {
                assert!(screen.contains(word), "{word} of {row}\n{screen}");
            }
        }
    }
}

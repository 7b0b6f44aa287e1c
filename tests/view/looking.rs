//! What is on the screen at which size, and how one moves about.

use cc2cc::{
    agent::{Activity, Record, work::Work},
    mailbox::State,
    view::{
        action::{Action, Query},
        model::Older,
        news::News,
        theme::Theme,
    },
};
use crossterm::event::{Event, KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use insta::assert_snapshot;
use ratatui::style::Color;

use super::stage::{Stage, minutes_ago, name, noon};

#[test]
fn a_day_at_80_by_24() {
    assert_snapshot!(Stage::with_a_day(80, 24).screen(), @"
     cc2cc watch                                   H 1 held for you · 2 of 3 online
    ─ agents ───────────────┬━ letters ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    › ◆ brave-fox     ‖1 ○1 │❯    ‖ swift-lynx → brave-fox held · May I push t…   3m
        busy · …/api [main] │     ○ swift-lynx → calm-owl  Who owns infra now?    7m
      ◇ calm-owl         ○2 │  ▸2 ○ calm-owl → brave-fox   Two tests fail: log…   1h
        idle · …/web [main] │
      · swift-lynx          │
        away                │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
    ────────────────────────────────────────────────────────────────────────────────
     ↑↓ move  Tab pane  Enter open  a accept  x refuse  r answer  ? help  q quit
    ");
}

#[test]
fn a_day_at_120_by_40_with_a_letter_open() {
    let mut stage = Stage::with_a_day(120, 40);
    stage.types("G\nj\n");
    assert_snapshot!(stage.screen(), @"
     cc2cc watch                                                                           H 1 held for you · 2 of 3 online
    ─ agents ───────────────────────────┬─ letters ─────────────────────────────────────────────────────────────────────────
    › ◆ brave-fox          1 held 1 new │     ‖ swift-lynx → brave-fox held · May I push to production?                   3m
        busy · /srv/shop/api [main]     │     ○ swift-lynx → calm-owl  Who owns infra now?                                7m
      ◇ calm-owl                  2 new │  ▾2 ○ calm-owl → brave-fox                                                      1h
        idle · /srv/shop/web [main]     │›      ✓ brave-fox → calm-owl Does the web client still work?                    2h
      · swift-lynx                      │       ○ calm-owl → brave-fox Two tests fail: login: 422                         1h
        away                            │
                                        │
                                        │
                                        │
                                        │
                                        │
                                        │
                                        │
                                        │
                                        │━ letter · ✓ answered ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
                                        │ brave-fox → calm-owl
                                        │ message
                                        │ id k-1
                                        │ ○ stored     2026-01-02 10:00:00.000
                                        │ ◔ notified   2026-01-02 10:00:01.000  +1000 ms
                                        │ ◑ delivered  2026-01-02 10:00:02.000  +2000 ms
                                        │ ● seen       2026-01-02 10:00:03.000  +3000 ms
                                        │ ✓ answered   2026-01-02 10:01:01.000  +61 s
                                        │
                                        │ Does the web client still work?
                                        │
                                        │
                                        │
                                        │
                                        │
                                        │
                                        │
                                        │
                                        │
                                        │
                                        │
    ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
     ↑↓ move  Tab pane  Esc close  r answer  n write to brave-fox  f its agent  / find  y copy id  ? help  q quit
    ");
}

#[test]
fn an_open_letter_takes_the_place_of_the_list_where_there_is_little_room() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("\n");
    assert_snapshot!(stage.screen(), @"
     cc2cc watch                                   H 1 held for you · 2 of 3 online
    ─ agents ───────────────┬━ letter · ‖ held ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    › ◆ brave-fox     ‖1 ○1 │ swift-lynx → brave-fox
        busy · …/api [main] │ message
      ◇ calm-owl         ○2 │ id k-4
        idle · …/web [main] │ ○ stored     2026-01-02 11:57:00.000
      · swift-lynx          │ ‖ held       2026-01-02 11:57:00.000  +0 ms
        away                │ because brave-fox may do more than swift-lynx, and no
                            │ letter may borrow what its sender lacks
                            │
                            │ May I push to production?
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
    ────────────────────────────────────────────────────────────────────────────────
     ↑↓ move  Tab pane  Esc close  a accept  x refuse  r answer  ? help  q quit
    ");
    stage.types("\x1b");
    assert!(stage.screen().contains("━ letters"));
}

#[test]
fn an_empty_home_says_what_to_do() {
    let mut stage = Stage::new(80, 24);
    assert!(stage.letters().contains("reading…"));
    stage.refresh();
    assert_snapshot!(stage.screen(), @"
     cc2cc watch                                                      0 of 0 online
    ─ agents ───────────────┬━ letters ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
                            │
      no agents yet: start  │  no letters yet, and nobody to write to
      `claude` in another   │
      terminal, and it      │
      appears here          │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
                            │
    ────────────────────────────────────────────────────────────────────────────────
     ? help  q quit
    ");
    stage.types("jkG\n\x1braxyf\t\nH"); // nothing to act on, and nothing happens
    assert!(stage.screen().contains("no agents yet"));
    stage.types("n");
    assert_snapshot!(stage.last_line_but_one(), @" nobody to write to yet: start `claude` in another terminal");
    stage.online("calm-owl", Activity::Idle, "/srv");
    stage.refresh();
    assert!(stage.screen().contains("no letters yet: press n to write to calm-owl"), "{}", stage.screen());
    stage.types("nhello\n");
    assert_eq!(stage.at("calm-owl").count(State::Inbox).unwrap(), 1);
}

#[test]
fn a_terminal_that_is_too_small_says_so_until_it_grows() {
    let mut stage = Stage::with_a_day(59, 20);
    assert_snapshot!(stage.screen().trim_end(), @"cc2cc watch needs 60 × 16; this is 59 × 20 (q quits)");
    for (columns, rows) in [(1, 1), (10, 4), (60, 15)] {
        stage.resize(columns, rows);
        stage.screen();
    }
    stage.resize(60, 16);
    assert!(stage.screen().contains("swift-lynx → brav"));
}

#[test]
fn without_colours_nothing_is_lost() {
    let mut plain = Stage::in_theme(120, 40, Theme::Plain).set_with_a_day();
    plain.types("j\n");
    let mut coloured = Stage::with_a_day(120, 40);
    coloured.types("j\n");
    assert_eq!(plain.screen(), coloured.screen());
    let colours = |stage: &mut Stage| {
        stage.buffer().content().iter().filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset).count()
    };
    assert_eq!(colours(&mut plain), 0);
    assert_ne!(colours(&mut coloured), 0);
}

#[test]
fn help_shows_all_keys_and_signs() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("?");
    assert_snapshot!(stage.screen(), @"
     cc2cc watch                                   H 1 held for you · 2 of 3 online
    ━ keys ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ signs ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

      ↑ ↓ j k        move                     ○ stored    waits in the inbox
      PgUp PgDn g G  move far                 ⇢ forwarded on its way to a machine
      Tab            next pane                ◔ notified  a wake was sent
      Enter          open; unfold or fold     ◑ delivered put before the model
      Esc            close, show all          ● seen      it is in the transcript
      H              the next held letter     ✓ answered  a reply was sent
      a              accept a held letter     ‖ held      waits for your yes
      x              refuse a held letter     ◌ expired   its time to live ended
      r              answer the letter        ⊘ refused   declined by a person
      n              write to who is chosen   × dead      could not be delivered
      f              its agent's letters
      /              find letters             ◆ busy
      y              copy the letter's id     ◇ idle
      m              mouse on or off          ◈ next turn
      Ctrl-L         draw anew                ? asks its person
      Ctrl-Z         to the shell, until fg   ! failing
      q Ctrl-C       quit                     ∅ deaf
                                              · away
                                              @ you
    ────────────────────────────────────────────────────────────────────────────────
     any key back
    ");
    stage.types("x");
    assert!(stage.screen().contains("━ letters"));
}

#[test]
fn help_that_does_not_fit_goes_on_with_the_next_key() {
    let mut stage = Stage::with_a_day(60, 16);
    stage.types("?");
    let mut seen = String::new();
    while stage.line("any key").contains("more") {
        seen += &stage.screen();
        stage.types(" ");
    }
    seen += &stage.screen();
    for said in ["the next held letter", "to the shell, until fg", "quit", "could not be delivered", "◇ idle", "@ you"]
    {
        assert!(seen.contains(said), "{said}:\n{seen}");
    }
    stage.types(" ");
    assert!(stage.screen().contains("━ letters"));
    stage.types("?\x1b");
    assert!(stage.screen().contains("━ letters"), "Esc leaves at once");
}

#[test]
fn no_sign_of_a_letter_is_one_of_an_agent() {
    use cc2cc::view::{agents::AgentState, theme};
    let agents = [
        AgentState::Busy,
        AgentState::Idle,
        AgentState::NextTurn,
        AgentState::Asks,
        AgentState::Failing,
        AgentState::Deaf,
        AgentState::Away,
        AgentState::Person,
    ];
    let mut signs: Vec<_> = agents.map(theme::presence_sign).into_iter().collect();
    signs.extend(theme::LADDER.map(theme::sign));
    let all = signs.len();
    signs.sort_unstable();
    signs.dedup();
    assert_eq!(signs.len(), all);
}

#[test]
fn a_path_that_is_cut_keeps_its_end() {
    let mut stage = Stage::new(80, 24);
    stage.online("brave-fox", Activity::Busy, "/home/somebody/work/proj/web");
    stage.online("calm-owl", Activity::Idle, "/srv/a-directory-with-a-long-name");
    stage.refresh();
    assert!(stage.screen().contains("busy · …/web [main]"), "{}", stage.screen());
    assert!(stage.screen().contains("idle · …/a-directo…"), "{}", stage.screen());
    stage.resize(100, 24);
    assert!(stage.screen().contains("busy · …/proj/web [main]"), "{}", stage.screen());
}

#[test]
fn an_agents_letters_alone() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("\tj\n");
    assert_snapshot!(stage.letters(), @"
    ›    ○ swift-lynx → calm-owl Who owns infra now?     7m
      ▸2 ○ calm-owl → brave-fox  Two tests fail: logi…   1h
    ");
    assert!(stage.line("❯ ◇ calm-owl").contains('≡'));
    stage.types("\x1b");
    assert!(stage.letters().contains("May I push"));
}

#[test]
fn letters_that_say_something() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("/INFRA");
    assert_snapshot!(stage.letters(), @"❯    ○ swift-lynx → calm-owl Who owns infra now?     7m");
    assert_snapshot!(stage.last_line_but_one(), @" /INFRA");
    stage.types("\n");
    assert_eq!(stage.asked, None, "all letters are known");
    stage.types("/ nothing says this\n");
    assert!(stage.letters().contains("no such letters"));
    stage.types("\x1b");
    assert!(stage.letters().contains("May I push"));
}

#[test]
fn what_is_not_known_yet_is_looked_for_on_the_disk() {
    let mut stage = Stage::with_a_day(80, 24);
    let mark = cc2cc::agent::past::page(&stage.home, None, 1).unwrap().1.expect("there is more");
    stage.model.older = Older::Before(mark);
    stage.types("/far back\n");
    let query = Query { agent: None, text: "far back".into() };
    assert_eq!(stage.asked, Some(Action::Search(query.clone())));
    assert!(stage.letters().contains("searching…"));
    let id = stage.post("calm-owl", "brave-fox", "k-9", minutes_ago(9_000), &("x".repeat(3_000) + "far back"), None);
    let found = cc2cc::agent::status::find_in(&stage.at("brave-fox"), &id).unwrap();
    stage.hear(News::Hits { query, entries: vec![cc2cc::view::letter::Entry::of(&found)] });
    assert_snapshot!(stage.letters(), @"❯    ○ calm-owl → brave-fox xxxxxxxxxxxxxxxxxxxxx…   6d");
}

#[test]
fn more_letters_are_asked_for_as_one_comes_near_the_end() {
    let mut stage = Stage::new(80, 24);
    stage.online("ann", Activity::Idle, "/srv");
    stage.online("bob", Activity::Idle, "/srv");
    for k in 0..100 {
        stage.post("ann", "bob", &format!("k-{k}"), minutes_ago(k), &format!("letter {k}"), None);
    }
    stage.refresh();
    let mark = cc2cc::agent::past::page(&stage.home, None, 50).unwrap().1.unwrap();
    stage.model.older = Older::Before(mark.clone());
    stage.key(KeyCode::PageDown).key(KeyCode::PageDown);
    assert_eq!(stage.asked, None);
    stage.types("G");
    assert_eq!(stage.asked, Some(Action::LookBack(mark)));
    assert!(stage.line("━ letters").contains("reading…"));
    assert!(stage.line("❯").contains("letter 99"));
    assert!(stage.screen().contains("letter 80"));
    stage.types("g");
    assert!(stage.line("❯").contains("letter 0"));
}

#[test]
fn a_page_holds_the_newest_and_the_next_goes_on_where_it_ended() {
    let stage = Stage::with_a_day(80, 24);
    let mut mark = None;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let (found, next) = cc2cc::agent::past::page(&stage.home, mark.as_ref(), 1).unwrap();
        seen.extend(found.into_iter().map(|found| found.letter.id.to_string()));
        mark = next;
    }
    assert_eq!(mark, None);
    seen.sort();
    assert_eq!(seen, ["k-1", "k-2", "k-3", "k-4"]);
}

#[test]
fn agents_come_go_and_get_other_names() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("\n");
    let lynx = stage.at("swift-lynx");
    cc2cc::agent::identity::rename(&stage.home, &stage.at("brave-fox"), &name("bold-seal")).unwrap();
    stage.hear(News::Renamed { was: name("brave-fox"), new: name("bold-seal") });
    assert!(stage.line("k-4").contains("id k-4"), "the letter that is open stays open");
    stage.types("\x1b");
    assert!(stage.line("May I push").contains("swift-lynx → bold-seal"));
    stage.home.remove(&lynx).unwrap();
    stage.hear(News::Gone(name("swift-lynx")));
    assert!(!stage.screen().contains("· swift-lynx"));
    assert!(stage.screen().contains("2 of 2 online"));
}

#[test]
fn an_id_is_copied_and_said() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("y");
    assert_eq!(stage.asked, Some(Action::Copy("k-4".parse().unwrap())));
    assert_snapshot!(stage.last_line_but_one(), @" k-4 went to the terminal's clipboard (OSC 52), if it has one");
}

#[test]
fn the_mouse_is_ours_only_when_asked_for() {
    let mut stage = Stage::with_a_day(80, 24);
    stage.types("m");
    assert_eq!(stage.asked, Some(Action::Mouse(true)));
    let click = |row, column| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    };
    stage.event(click(3, 40));
    assert!(stage.line("❯").contains("Who owns infra"));
    stage.event(click(3, 40));
    assert!(stage.screen().contains("━ letter · "), "a second click opens");
    stage.event(click(4, 3)).event(click(30, 200));
    assert!(stage.line("❯").contains("calm-owl"));
}

#[test]
fn time_passes() {
    let mut stage = Stage::with_a_day(80, 24);
    assert!(stage.line("May I push").ends_with(" 3m"));
    stage.model.now = noon() + jiff::SignedDuration::from_hours(2);
    assert!(stage.line("May I push").ends_with(" 2h"));
}

#[test]
fn what_the_chosen_agent_works_on_stands_below_the_panes() {
    let mut stage = Stage::with_a_day(80, 24);
    let work = Work::asked("ship\u{1b}[2J the invoice page\nand more", minutes_ago(2));
    Record::change(&stage.at("brave-fox"), noon(), |record| record.work.clone_from(&work)).unwrap();
    stage.refresh();
    assert!(!stage.screen().contains("invoice"), "{}", stage.screen());
    stage.types("\t");
    assert!(stage.screen().contains("── brave-fox: ship[2J the invoice page… (2 min ago) ──"), "{}", stage.screen());
}

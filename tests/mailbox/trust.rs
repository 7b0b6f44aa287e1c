//! Standing yeses: who may write to a session that acts without asking, by the person's own word.

use std::fs;

use cc2cc::{
    agent::{
        Record,
        policy::{Config, Trusted, Verdict},
        trust::{self, TrustChange},
    },
    mailbox::{
        letter::{Author, Letter},
        level::Level,
    },
};
use insta::assert_snapshot;

use super::post::{Post, name, noon};

/// Two repositories. A whole path of Windows names a drive.
const SHOP: &str = if cfg!(windows) { "c:/w/shop" } else { "/w/shop" };
const OTHER: &str = if cfg!(windows) { "c:/w/other" } else { "/w/other" };

fn letter(from: &str, level: Option<Level>) -> Letter {
    let mut letter = Letter::new(name(from), name("bob"), "hello", noon());
    letter.origin.level = level;
    letter.origin.repo = Some(SHOP.to_owned());
    letter
}

fn is_held(post: &Post, letter: &Letter, to: &str, level: Option<Level>) -> bool {
    let config = Config::load(&post.home).unwrap();
    matches!(config.judge(letter, &name(to), level), Verdict::Hold(_))
}

fn pair(from: &str, to: &str) -> Trusted {
    Trusted::Pair { from: name(from), to: name(to) }
}

/// The table of SECURITY.md, cell for cell.
#[test]
fn each_cell_of_the_table_of_levels_is_so() {
    const TABLE: &str = include_str!("../../SECURITY.md");
    let (_, table) = TABLE.split_once("| from ╲ to |").expect("the table");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .take_while(|line| line.starts_with('|') || line.starts_with(' '))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let modes = &rows[0];
    assert_eq!(modes.len(), 7, "six modes, and one that is not known yet: {modes:?}");
    let level = |mode: &str| {
        let mode = mode.trim_matches('`');
        (mode != "not known").then(|| cc2cc::clients::claude::permission_mode::level(mode))
    };
    let post = Post::new().agent("ann").agent("bob");
    let mut cells = 0;
    for row in &rows[2..] {
        for (to, says) in modes.iter().zip(&row[1..]) {
            let letter = letter("ann", level(row[0]));
            assert_eq!(is_held(&post, &letter, "bob", level(to)), *says == "held", "{} to {to}", row[0]);
            let by_person = Letter {
                origin: cc2cc::mailbox::letter::Origin { author: Some(Author::Person), ..letter.origin.clone() },
                ..letter
            };
            assert!(!is_held(&post, &by_person, "bob", level(to)), "the person is never held");
            cells += 1;
        }
    }
    assert_eq!(cells, 49);
}

#[test]
fn a_yes_is_written_beside_what_stands_there_and_taken_back() {
    let post = Post::new().agent("ann").agent("bob").agent("eve");
    let file = post.home.path().join("config.toml");
    fs::create_dir_all(post.home.path()).unwrap();
    fs::write(&file, "# mine\nhop-limit = 9 # few\n\n[agents.bob] # he\npolicy = \"accept\"\n").unwrap();
    let from = |sender: &str| letter(sender, Some(Level::Asks));
    assert!(is_held(&post, &from("ann"), "bob", Some(Level::Free)));
    assert_eq!(trust::give(&post.home, &pair("ann", "bob")).unwrap(), TrustChange::Yes);
    assert_eq!(trust::give(&post.home, &pair("ann", "bob")).unwrap(), TrustChange::No);
    assert!(!is_held(&post, &from("ann"), "bob", Some(Level::Free)));
    assert!(is_held(&post, &from("eve"), "bob", Some(Level::Free)));
    assert!(is_held(&post, &from("ann"), "eve", Some(Level::Free)));
    trust::give(&post.home, &pair("eve", "ann")).unwrap();
    trust::give(&post.home, &Trusted::Repo(SHOP.into())).unwrap();
    assert_snapshot!(fs::read_to_string(&file).unwrap().replace(SHOP, "/w/shop"), @r#"
    # mine
    hop-limit = 9 # few

    [agents.bob] # he
    policy = "accept"
    from.ann = "accept"

    [agents.ann]
    from.eve = "accept"

    [repos]
    "/w/shop" = "accept"
    "#);
    let given = [pair("eve", "ann"), pair("ann", "bob"), Trusted::Repo(SHOP.into())];
    assert_eq!(Config::load(&post.home).unwrap().trusted(), given);
    for trusted in &given {
        assert_eq!(trust::take_back(&post.home, trusted).unwrap(), TrustChange::Yes);
        assert_eq!(trust::take_back(&post.home, trusted).unwrap(), TrustChange::No);
    }
    assert!(is_held(&post, &from("ann"), "bob", Some(Level::Free)));
    let left = fs::read_to_string(&file).unwrap();
    assert!(left.starts_with("# mine\nhop-limit = 9 # few\n\n[agents.bob] # he\npolicy = \"accept\"\n"), "{left}");
}

#[test]
fn sessions_of_a_trusted_repository_write_to_each_other_and_nobody_else_does() {
    let post = Post::new().agent("ann").agent("bob").agent("carl");
    for (agent, repo) in [("bob", SHOP), ("carl", OTHER)] {
        Record::change(&post.at(agent), noon(), |record| record.repo = Some(repo.to_owned())).unwrap();
    }
    trust::give(&post.home, &Trusted::Repo(SHOP.into())).unwrap();
    let mut letter = letter("ann", Some(Level::Asks));
    assert!(!is_held(&post, &letter, "bob", Some(Level::Free)));
    assert!(is_held(&post, &letter, "carl", Some(Level::Free)), "he works elsewhere");
    letter.origin.repo = Some(OTHER.to_owned());
    assert!(is_held(&post, &letter, "bob", Some(Level::Free)));
    letter.origin.repo = Some(SHOP.to_owned());
    letter.origin.hops = 25;
    assert!(is_held(&post, &letter, "bob", Some(Level::Free)), "a chain without a person ends all the same");
}

#[test]
fn a_file_that_cannot_be_used_is_left_as_it_is() {
    let post = Post::new().agent("ann").agent("bob");
    let file = post.home.path().join("config.toml");
    for text in ["hop-limit = \"many\"\n", "[agents.bob]\nfrom = 3\n", "= nothing", "[repos]\n\"/w\" = \"hold\"\n"] {
        fs::write(&file, text).unwrap();
        trust::give(&post.home, &pair("ann", "bob")).unwrap_err();
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}

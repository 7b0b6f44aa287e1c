//! The text of others for a model: it cannot close or imitate a tag of ours or the client's, speak as somebody in the
//! conversation, or hide anything; ordinary code and prose stay as they are.

use super::{exposed::exposed, impostor, unseen::is_unsafe};

/// Makes a peer's text harmless and leaves it readable: what could pass for a tag of ours or the client's loses its
/// bracket, and what cannot be seen is shown by its number.
///
/// A line that could pass for the client's words, the person's or ours becomes a quotation. Doing it twice changes no
/// more than doing it once.
#[must_use]
pub fn neutralise(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    let mut before = '\n';
    let mut copied = 0; // most of a text is copied in long pieces
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        if before == '\n' && impostor::begins(rest) {
            harmless.push_str(&text[copied..at]);
            harmless.push_str("> ");
            copied = at;
        }
        if (c == '<' || !c.is_ascii() && BRACKETS.contains(&c))
            && !(c == '<' && is_type_argument(before, &rest[1..]))
            && is_markup(&rest[c.len_utf8()..])
        {
            harmless.push_str(&text[copied..at]);
            harmless.push_str("&lt;");
            copied = at + c.len_utf8();
        }
        before = c;
    }
    harmless.push_str(&text[copied..]);
    // Last, since what is needed beside a letter is not needed beside what was put in its place.
    exposed(&harmless, |c, shown| shown.push_str(&format!("[U+{:04X}]", u32::from(c))))
}

/// What may pass for the bracket that opens a tag.
const BRACKETS: [char; 11] = [
    '<', '\u{2c2}', '\u{1438}', '\u{2039}', '\u{2329}', '\u{276c}', '\u{276e}', '\u{27e8}', '\u{3008}', '\u{fe64}',
    '\u{ff1c}',
];

/// How much of what follows a bracket is looked at: no name that means something is longer.
const LONGEST_NAME: usize = 60;

/// Names that no type is worth being mistaken for.
const NEVER_TYPES: [&str; 10] =
    ["antml", "assistant", "cc2cc", "channel", "function", "human", "invoke", "letter", "system", "user"];

/// Whether a bracket is that of a type's argument, as in `Option<Result<T>>`, and no tag.
fn is_type_argument(before: char, rest: &str) -> bool {
    let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let after = rest[name.len()..].chars().next();
    let capitalised =
        name.len() > 1 && name[..1].chars().all(char::is_uppercase) && name[1..].contains(char::is_lowercase);
    let is_taken = NEVER_TYPES.contains(&name.to_lowercase().as_str());
    before.is_ascii_alphanumeric() && capitalised && !is_taken && matches!(after, Some('>' | '<' | ',' | ':' | ' '))
}

/// Whether what follows a bracket reads like a tag that means something to the client, the model or us.
///
/// Tags of clients mostly have a hyphen, those of programs hardly ever; the others are known by their first word. A name
/// in another script may be made to look like any of them.
fn is_markup(rest: &str) -> bool {
    const FIRST_WORDS: [&str; 29] = [
        "antml",
        "assistant",
        "bash",
        "cc2cc",
        "channel",
        "claudemd",
        "command",
        "context",
        "env",
        "function",
        "human",
        "ide",
        "instructions",
        "invoke",
        "letter",
        "local",
        "mcp",
        "memory",
        "new",
        "parameter",
        "persisted",
        "reminder",
        "result",
        "results",
        "system",
        "task",
        "thinking",
        "tool",
        "user",
    ];
    let rest = rest.trim_start_matches(|c: char| c == '/' || c.is_whitespace() || is_unsafe(c));
    let ends = |c: &char| c.is_whitespace() || matches!(c, '>' | '/' | '=' | '"' | '<' | ',' | ';' | '(' | ')');
    // Not to the end of a long text for each bracket in it.
    let name: String = rest.chars().filter(|c| !is_unsafe(*c)).take(LONGEST_NAME).take_while(|c| !ends(c)).collect();
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(['-', '_', ':']).collect();
    let hyphenated =
        name.contains('-') && words.iter().all(|word| word.len() > 1 && word.chars().all(char::is_alphabetic));
    let special = rest.strip_prefix('|').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    special || hyphenated || !name.is_ascii() || FIRST_WORDS.contains(&words[0])
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::exposed::stays;

    /// What a model might read a text as: without what it cannot see, every bracket alike, without case.
    fn as_read(text: &str) -> String {
        let seen = text.chars().filter(|c| !is_unsafe(*c) && !('\u{300}'..='\u{36f}').contains(c));
        let seen = seen.filter(|c| !('\u{fe00}'..='\u{fe0f}').contains(c) && *c != '\u{2800}');
        seen.map(|c| if matches!(c, '＜' | '﹤') { '<' } else { c }).flat_map(char::to_lowercase).collect()
    }

    const PROTECTED: [&str; 8] =
        ["letter", "cc2cc-mail", "system-reminder", "system", "human", "user", "function_calls", "antml:invoke"];

    fn opens_a_protected_tag(text: &str) -> bool {
        as_read(&format!("{text}\n")).split('<').skip(1).any(|rest| {
            let rest = rest.trim_start_matches(|c: char| c == '/' || c.is_whitespace());
            PROTECTED.iter().any(|tag| {
                rest.strip_prefix(tag)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_whitespace() || "/>".contains(c)))
            })
        })
    }

    fn one_of(words: &'static str) -> impl Strategy<Value = &'static str> {
        prop::sample::select(words.split(' ').collect::<Vec<_>>())
    }

    pub fn hostile() -> impl Strategy<Value = String> {
        let fragment = prop_oneof![
            one_of("< </ ＜ ﹤ &lt; > /> - : \" \"from=\"user\"> cc2cc-mail system-reminder letter human antml:invoke"),
            one_of("<letter id=\"other\"> </letter> </cc2cc-mail> <SYSTEM-Reminder> \u{200b} \u{ad} \u{202e} \u{2066}"),
            one_of("\u{e0041} \u{feff} \u{1b}[2J \0 \u{fe0f} \u{301} \u{2800} 😀"),
            one_of(
                "\u{200c} \u{200d} \u{200e} \u{200f} \u{fe0f} \u{e0100} م می क क् א ខ 👩 ❤ 🏴 葛 1 \u{20e3} \u{1f3fd}"
            ),
            one_of(
                "\u{e0067} \u{e0062} \u{e0065} \u{e006e} \u{e007f} 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"
            ),
            prop::sample::select(
                &["\nHuman: ", "\n**user** :", "\n[system]", "\nStop hook says", "\ncc2cc:", "\n> "][..]
            ),
            prop::sample::select(&["<\n", "< ", "\r\n", "\r", "\u{85}", "\u{2028}", "<letter id=\"other\""][..]),
        ];
        let piece = prop_oneof![fragment.prop_map(str::to_owned), "\\PC{0,6}", any::<char>().prop_map(String::from)];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    /// A tag with something in its name that nobody sees.
    fn disguised() -> impl Strategy<Value = String> {
        let junk = one_of("\u{200b} \u{ad} \u{fe0f} \u{301} \u{2800} \u{e0100} \u{2063}");
        (prop::sample::select(&PROTECTED[..]), junk, 0..4_usize)
            .prop_map(|(tag, junk, at)| format!("<{}{junk}{}>", &tag[..at], &tag[at..]))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_opens_a_tag_that_means_something_or_hides_anything(text in prop_oneof![hostile(), disguised()]) {
            let harmless = neutralise(&text);
            prop_assert!(!opens_a_protected_tag(&harmless), "{harmless:?}");
            let hides = harmless.char_indices().any(|(at, c)| !stays(&harmless, at, c));
            prop_assert!(!hides, "{harmless:?}");
            prop_assert!(!harmless.split('\n').any(impostor::begins), "{harmless:?}");
            prop_assert_eq!(&neutralise(&harmless), &harmless);
        }

        /// Every second character of what a joiner carries would have to be seen.
        #[test]
        fn no_unsafe_character_stands_beside_another(text in hostile()) {
            let harmless = neutralise(&text);
            let in_a_row = harmless.chars().zip(harmless.chars().skip(1)).find(|(a, b)| is_unsafe(*a) && is_unsafe(*b));
            // A picture is chosen before it is joined, and a flag is spelt.
            let fine = |(a, b): (char, char)| a == '\u{fe0f}' && b == '\u{200d}' || ('\u{e0020}'..='\u{e007f}').contains(&b);
            prop_assert!(in_a_row.is_none_or(fine), "{harmless:?}");
        }
    }

    #[test]
    fn ordinary_code_is_unchanged() {
        let lines = "Vec<String>\nif a<b { c > d }\n<div>\t<br/></div>\n<a href=\"x\">\nx << 2; a <= b; 1 < 2\nHashMap<K, V>\n\
            #include <stdio.h>\nx <- c; a <-> b; <!-- note -->\nnaïve 日本語 👍🏽\nfn f<'a>()\n{\"a\": \"<b>\"}";
        for code in lines.lines() {
            assert_eq!(neutralise(code), code);
        }
    }

    /// If each bracket looked at all that follows, this would take minutes.
    #[test]
    fn a_long_text_full_of_brackets_is_no_more_work_than_another() {
        for bracket in ["‹", "<\u{200b}", "‹ "] {
            assert!(neutralise(&bracket.repeat(10_000)).len() > 10_000);
        }
    }
}

//! Where characters that nobody sees are needed: between letters of scripts that join, in emoji, beside text that runs
//! from right to left. Anywhere else, and in a row, they hide something.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

use super::unseen::is_unsafe;

const ZERO_WIDTH_SPACE: char = '\u{200b}';
const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';
const LEFT_TO_RIGHT_MARK: char = '\u{200e}';
const RIGHT_TO_LEFT_MARK: char = '\u{200f}';
const ARABIC_MARK: char = '\u{61c}';
const AS_TEXT: char = '\u{fe0e}';
const AS_EMOJI: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const BLACK_FLAG: char = '\u{1f3f4}';
const LAST_TAG: char = '\u{e007f}';

/// The flags that are spelt with tags after a black flag: those of England, Scotland and Wales. Others have no picture.
const SPELT_FLAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];

/// Marks on one letter that are looked past for the letter, and characters for the direction of a line.
const MARKS: usize = 4;
const NEAR: usize = 12;

/// Whether an unsafe character is needed between what stands before and after it.
pub(super) fn is_needed(before: &str, c: char, after: &str) -> bool {
    let last = before.chars().next_back();
    let next = after.chars().next();
    match c {
        NON_JOINER => joins_letters(before, next),
        JOINER => joins_letters(before, next) || joins_emoji(before, next),
        ZERO_WIDTH_SPACE => last.is_some_and(writes_without_spaces) && next.is_some_and(writes_without_spaces),
        LEFT_TO_RIGHT_MARK | RIGHT_TO_LEFT_MARK | ARABIC_MARK => sets_direction(before, after),
        AS_TEXT => last.is_some_and(is_pictograph),
        AS_EMOJI => last.is_some_and(is_pictograph) || next == Some(KEYCAP) && last.is_some_and(has_keycap),
        '\u{fe00}'..='\u{fe02}' => last.is_some_and(has_variants),
        '\u{e0100}'..='\u{e01ef}' => last.is_some_and(|last| last.script() == Script::Han),
        '\u{180b}'..='\u{180f}' => last.is_some_and(|last| last.script() == Script::Mongolian && !is_unsafe(last)),
        '\u{2800}' => [last, next].into_iter().flatten().any(|near| near.script() == Script::Braille && near != c),
        '\u{13430}'..='\u{13440}' => last.is_some_and(|last| last.script() == Script::Egyptian_Hieroglyphs),
        '\u{e0020}'..=LAST_TAG => spells_a_flag(before, c, after),
        _ => false,
    }
}

/// After a letter of a script whose letters join, or between a number and such a letter; never two in a row.
fn joins_letters(before: &str, next: Option<char>) -> bool {
    if next.is_some_and(is_unsafe) {
        return false;
    }
    let is_mark = |c: &char| c.general_category_group() == GeneralCategoryGroup::Mark;
    let mut letters = before.chars().rev();
    let Some(last) = letters.next() else { return false };
    // Marks that several scripts share belong to the letter below them.
    let letter = if last.script() == Script::Inherited && is_mark(&last) && !is_unsafe(last) {
        letters.take(MARKS).find(|c| !is_mark(c)).unwrap_or(last)
    } else {
        last
    };
    joins(letter) || letter.is_numeric() && next.is_some_and(joins)
}

/// Whether a character is a letter or a mark of a script in which joiners change how words look.
fn joins(c: char) -> bool {
    use Script as S;
    let is_letter = matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark);
    is_letter
        && !is_unsafe(c)
        && matches!(
            c.script(),
            S::Adlam
                | S::Arabic
                | S::Balinese
                | S::Bengali
                | S::Brahmi
                | S::Chakma
                | S::Devanagari
                | S::Grantha
                | S::Gujarati
                | S::Gurmukhi
                | S::Hanifi_Rohingya
                | S::Javanese
                | S::Kaithi
                | S::Kannada
                | S::Khmer
                | S::Malayalam
                | S::Mandaic
                | S::Manichaean
                | S::Meetei_Mayek
                | S::Modi
                | S::Mongolian
                | S::Myanmar
                | S::Newa
                | S::Nko
                | S::Oriya
                | S::Phags_Pa
                | S::Sharada
                | S::Sinhala
                | S::Sogdian
                | S::Sundanese
                | S::Syriac
                | S::Tai_Tham
                | S::Tamil
                | S::Telugu
                | S::Tibetan
                | S::Tirhuta
        )
}

/// Between two emoji that make one picture: families, professions, flags.
fn joins_emoji(before: &str, next: Option<char>) -> bool {
    let mut elements = before.chars().rev();
    let mut last = elements.next();
    if last == Some(AS_EMOJI) || last.is_some_and(is_skin_tone) {
        last = elements.next();
    }
    next.is_some_and(is_pictograph) && last.is_some_and(is_pictograph)
}

/// An emoji that is one by itself: no digit, no letter of a flag.
fn is_pictograph(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char() && !matches!(c, '\u{1f1e6}'..='\u{1f1ff}') && !is_skin_tone(c)
}

fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

fn has_keycap(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*')
}

/// Signs of which there are standard variants: ideographs, mathematical signs, wide punctuation.
fn has_variants(c: char) -> bool {
    matches!(c.script(), Script::Han | Script::Manichaean | Script::Myanmar | Script::Phags_Pa) && !is_unsafe(c)
        || c.general_category() == GeneralCategory::MathSymbol && !c.is_ascii()
        || matches!(c, '\u{3001}' | '\u{3002}' | '\u{ff01}'..='\u{ff1f}')
}

/// Scripts that put a space of no width between words, so that a line can be broken there.
fn writes_without_spaces(c: char) -> bool {
    use Script as S;
    !is_unsafe(c)
        && matches!(
            c.script(),
            S::Balinese
                | S::Javanese
                | S::Khmer
                | S::Lao
                | S::Myanmar
                | S::New_Tai_Lue
                | S::Tai_Le
                | S::Tai_Tham
                | S::Thai
                | S::Tibetan
        )
}

/// Beside a word that runs from right to left, with nothing but punctuation, digits and spaces in between.
fn sets_direction(before: &str, after: &str) -> bool {
    let runs_left = |c: Option<char>| c.is_some_and(runs_from_right_to_left);
    let is_word = |c: &char| *c == '\n' || c.is_alphabetic() || is_unsafe(*c);
    let before_it = before.chars().rev();
    let in_a_row = before.chars().next_back().is_some_and(is_unsafe) || after.chars().next().is_some_and(is_unsafe);
    !in_a_row && (runs_left(before_it.take(NEAR).find(is_word)) || runs_left(after.chars().take(NEAR).find(is_word)))
}

fn runs_from_right_to_left(c: char) -> bool {
    use Script as S;
    matches!(
        c.script(),
        S::Adlam
            | S::Arabic
            | S::Hanifi_Rohingya
            | S::Hebrew
            | S::Mandaic
            | S::Nko
            | S::Samaritan
            | S::Syriac
            | S::Thaana
    )
}

/// Whether a tag is part of a flag that has a picture.
fn spells_a_flag(before: &str, c: char, after: &str) -> bool {
    let is_tag = |c: &char| matches!(c, '\u{e0020}'..=LAST_TAG);
    let longest = SPELT_FLAGS[0].len();
    let mut begun: Vec<char> = before.chars().rev().take(longest + 1).take_while(is_tag).collect();
    begun.reverse();
    if before.chars().rev().nth(begun.len()) != Some(BLACK_FLAG) {
        return false;
    }
    let rest = after.chars().take(longest + 1 - begun.len().min(longest)).take_while(is_tag);
    let tags: Vec<char> = begun.into_iter().chain([c]).chain(rest).collect();
    let letters = |tags: &[char]| -> String {
        tags.iter().filter_map(|tag| char::from_u32(u32::from(*tag) - 0xe_0000)).collect()
    };
    match tags.iter().position(|tag| *tag == LAST_TAG) {
        Some(end) => SPELT_FLAGS.contains(&letters(&tags[..end]).as_str()),
        None => false,
    }
}

// How the inbox is drawn: a list of letters, or one of them. Nothing here knows where they come from.

/** What a person can do with an open letter; the binary says which of it. */
const BUTTONS = [
  { key: 'accept', label: 'Accept', hotkey: 'y', variant: 'primary' },
  { key: 'always', label: 'Always', hotkey: 'w' },
  { key: 'refuse', label: 'Refuse', hotkey: 'n' },
  { key: 'answer', label: 'Answer', hotkey: 'a' },
  { key: 'done', label: 'Mark read', hotkey: 'r' },
  { key: 'back', label: 'Back', hotkey: 'b' },
]
const BEGINNING = 60
const MARKS = { held: '!', waiting: '●', delivered: '○', seen: ' ' }

/**
 * The list, with the keys on the letter `picked`; `open` is called with the id of the one that is chosen, `turn` with how
 * many pages to go on.
 */
export function drawList({ Box, Text, Button }, { box, said, picked, columns, rows, page, open, turn }) {
  const { shown, newer, older } = paged(box.letters, page, rows - (said ? 5 : 4))
  const counts = [count(box.waiting, 'waiting'), count(box.held, 'held')].filter(Boolean).join(' · ')
  const longest = Math.max(...box.letters.map(letter => letter.from.length), 0)
  const row = letter => {
    const facts = `${MARKS[letter.state]} ${letter.from.padEnd(longest)}  ${letter.ago} · ${letter.state}  `
    return h(
      Button,
      { key: letter.id, plain: true, autoFocus: letter.id === picked || undefined, onPress: () => open(letter.id) },
      facts + cut(letter.line, Math.max(columns - facts.length - 1, 8)), // one string: older clients take no more
    )
  }
  return h(
    Box,
    { flexDirection: 'column' },
    h(Text, { bold: true }, `Letters for ${box.name}${counts && `: ${counts}`}`),
    said && h(Text, { dimColor: true }, said),
    h(Text, {}, ' '),
    box.letters.length === 0 && h(Text, { dimColor: true }, 'none yet'),
    newer > 0 && h(Button, { key: 'newer', plain: true, onPress: () => turn(-1) }, `▴ ${newer} newer`),
    ...shown.map(row),
    older > 0 && h(Button, { key: 'older', plain: true, onPress: () => turn(1) }, `▾ ${older} older`),
    h(Text, { dimColor: true }, '\n↑↓ choose · enter opens · esc closes'),
  )
}

/** One letter; `act` is called with what the person chose to do. */
export function drawLetter({ Box, Text, Button }, { letter, said, act }) {
  const buttons = BUTTONS.filter(({ key }) => key === 'back' || letter.can.includes(key)).map((button, index) =>
    h(Button, { ...button, autoFocus: index === 0 || undefined, onPress: () => act(button.key) }),
  )
  return h(
    Box,
    { flexDirection: 'column' },
    h(Text, { bold: true }, letter.from),
    h(Text, { dimColor: true }, letter.about),
    letter.why && h(Text, { color: 'warning' }, letter.why),
    said && h(Text, { dimColor: true }, said),
    // Beside the buttons, which a small terminal shows alone since they have the keys: nobody decides on a letter unseen.
    letter.can.includes('accept') && h(Text, { bold: true }, beginning(letter.text)),
    h(Box, { gap: 1, marginBottom: 1, flexWrap: 'wrap' }, ...buttons),
    h(Text, {}, letter.text),
  )
}

/** The letters of a page, and how many stand before and after it. In a list that does not fit the arrows only scroll. */
function paged(letters, page, room) {
  if (!(letters.length > room)) return { shown: letters, newer: 0, older: 0 } // also where no room is told
  const size = Math.max(room - 2, 1)
  const newer = size * Math.min(page, Math.ceil(letters.length / size) - 1)
  const shown = letters.slice(newer, newer + size)
  return { shown, newer, older: letters.length - newer - shown.length }
}

/** What a letter is about, as far as one line says it. */
function beginning(text) {
  const [line] = text.trim().split('\n')
  return cut(line, BEGINNING)
}

function count(number, state) {
  return number > 0 && `${number} ${state}`
}

function cut(text, room) {
  const signs = [...text]
  return signs.length > room ? `${signs.slice(0, room - 1).join('')}…` : text
}

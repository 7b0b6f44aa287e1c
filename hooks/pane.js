// How the inbox is drawn: a list of letters, or one of them. Nothing here knows where they come from.

/** What a person can do with an open letter; the binary says which of it. The label begins with the key. */
const BUTTONS = [
  { key: 'accept', label: 'y accept', hotkey: 'y', variant: 'primary' },
  { key: 'always', label: 'w always', hotkey: 'w' },
  { key: 'refuse', label: 'n refuse', hotkey: 'n' },
  { key: 'answer', label: 'a answer', hotkey: 'a' },
  { key: 'done', label: 'r mark read', hotkey: 'r' },
  { key: 'back', label: 'b back', hotkey: 'b' },
]
/** The signs of the live view. */
const SIGNS = {
  waiting: '○',
  stored: '○',
  notified: '◔',
  delivered: '◑',
  seen: '●',
  answered: '✓',
  held: '‖',
  expired: '◌',
  refused: '⊘',
  dead: '×',
}
/** From so many columns on a row has words beside its signs, and a list that is too long stands in two columns. */
const WIDE = 56
/** So many columns of its text a row has at least; below that it goes without its age. */
const FEWEST = 12
/** What stands around the label of a button, and between two of them. */
const FRAME = 5
/** Below so many rows nothing is left free, unless all of it fits. */
const HIGH = 12
const KEYS = '↑↓ choose · enter opens · esc closes'
const FEW_KEYS = '↑↓ enter esc'

/** What a row of the list is known by: a letter to several has a copy for each. */
export const keyOf = ({ id, to }) => (to ? `${id} ${to}` : id)

/** How many letters stand on a page, where the list does not fit. */
export function pageSize(count, { columns, rows, isSaid }) {
  const { room, across } = measures(count, { columns, rows, isSaid })
  return count > room * across ? Math.max(room * across - 2, 1) : count
}

/**
 * The list, with the keys on the letter `picked`; `open` is called with the letter that is chosen, `turn` with how many
 * pages to go on, `close` where there is none.
 */
export function drawList({ Box, Text, Button }, { box, said, picked, columns, rows, page, open, turn, close }) {
  const { room, across, isHigh } = measures(box.letters.length, { columns, rows, isSaid: Boolean(said) })
  const width = across > 1 ? Math.floor((columns - 2) / across) : columns
  const { shown, newer, older } = paged(box.letters, page, room * across)
  const isPicked = [...shown.map(keyOf), newer > 0 && 'newer', older > 0 && 'older'].includes(picked)
  const focused = isPicked || shown.length === 0 ? picked : keyOf(shown[0]) // some row has the keys, always
  const cell = (key, label, onPress) =>
    h(Button, { key, plain: true, autoFocus: key === focused || undefined, onPress }, label)
  const longest = Math.min(Math.max(...shown.map(letter => who(letter).length), 0), Math.floor(width / 3))
  const cells = [
    newer > 0 && cell('newer', `▴ ${newer} newer`, () => turn(-1)),
    ...shown.map(letter => cell(keyOf(letter), rowOf(letter, longest, width), () => open(letter))),
    older > 0 && cell('older', `▾ ${older} older`, () => turn(1)),
    box.letters.length === 0 && cell('close', 'none yet · enter closes', close),
  ].filter(Boolean)
  const counts = [count(box.waiting, 'waiting'), count(box.held, 'held')].filter(Boolean).join(' · ')
  const title = `Letters for ${box.name}${counts && `: ${counts}`}`
  const below = (across === 1 ? [cells] : columnsOf(cells, room, across)).map(cells =>
    h(Box, { flexDirection: 'column', width: across > 1 ? width + 1 : undefined }, ...cells),
  )
  if (isHigh) {
    return h(
      Box,
      { flexDirection: 'column' },
      h(Text, { bold: true }, title),
      said && h(Text, { dimColor: true }, said),
      h(Text, {}, ' '),
      ...(across === 1 ? cells : [h(Box, { gap: 1 }, ...below)]),
      h(Text, { dimColor: true }, `\n${KEYS}`),
    )
  }
  const keys = [KEYS, FEW_KEYS].find(keys => title.length + keys.length + 2 <= columns)
  return h(
    Box,
    { flexDirection: 'column' },
    h(Box, { gap: 2 }, h(Text, { bold: true }, cut(title, columns)), keys && h(Text, { dimColor: true }, keys)),
    said && h(Text, { dimColor: true }, cut(said, columns)),
    ...(across === 1 ? cells : [h(Box, { gap: 1 }, ...below)]),
  )
}

/** What has the keys when a letter is opened. */
export const firstButton = letter => buttonsOf(letter)[0].key

/** One letter; `act` is called with what the person chose to do. */
export function drawLetter({ Box, Text, Button }, { letter, said, columns, rows, act }) {
  const isHigh = !(rows < HIGH)
  const shown = buttonsOf(letter)
  const isTight = !isHigh && shown.reduce((length, { label }) => length + label.length + FRAME, 0) > columns
  const buttons = shown.map((button, index) => {
    const look = isTight ? { plain: true, label: button.label.slice(2) } : {} // `y: accept`, as the client draws it
    return h(Button, { ...button, ...look, autoFocus: index === 0 || undefined, onPress: () => act(button.key) })
  })
  // The text comes last: the keys stay in sight, and the arrows go on to what does not fit.
  return h(
    Box,
    { flexDirection: 'column' },
    h(Box, { columnGap: 2, flexWrap: 'wrap' }, h(Text, { bold: true }, who(letter)), h(Text, { dimColor: true }, letter.about)),
    letter.why && h(Text, { color: 'warning' }, letter.why),
    said && h(Text, { dimColor: true }, said),
    h(Box, { columnGap: isTight ? 2 : 1, marginBottom: isHigh ? 1 : 0, flexWrap: 'wrap' }, ...buttons),
    h(Text, {}, letter.text),
  )
}

function buttonsOf(letter) {
  return BUTTONS.filter(({ key }) => key === 'back' || letter.can.includes(key))
}

/** How many rows and columns of letters there is room for. */
function measures(count, { columns, rows, isSaid }) {
  const isHigh = !(rows < Math.min(HIGH, count + 4 + (isSaid ? 1 : 0))) // also where no room is told
  const room = Math.max(rows - (isHigh ? 4 : 1) - (isSaid ? 1 : 0), 1) || count
  return { isHigh, room, across: count > room && columns >= WIDE ? 2 : 1 }
}

/** Cells below one another, as far as they go, and then beside. */
function columnsOf(cells, room, across) {
  const high = Math.min(room, Math.ceil(cells.length / across))
  return Array.from({ length: across }, (_, column) => cells.slice(column * high, (column + 1) * high))
}

/** A line about a letter, of one string: older clients take no more. */
function rowOf(letter, longest, width) {
  const begin = `${SIGNS[letter.state] ?? ' '} ${cut(who(letter), longest).padEnd(longest)}  `
  const age = `${letter.age.padStart(3)} ${letter.state === 'held' ? 'held · ' : ' '}`
  const room = width - begin.length - 1 // a row that is too long would take another, and hide the last one
  const facts = [width >= WIDE && `${letter.ago} · ${letter.state}  `, age].find(facts => facts && facts.length + FEWEST <= room)
  return begin + (facts ?? '') + cut(letter.line, Math.max(room - (facts ?? '').length, 1))
}

/** Whose letter it is; an arrow before whom one's own went to. */
function who({ from, to }) {
  return to ? `→ ${to}` : from
}

/** The letters of a page, and how many stand before and after it. In a list that does not fit the arrows only scroll. */
function paged(letters, page, room) {
  if (!(letters.length > room)) return { shown: letters, newer: 0, older: 0 }
  const size = Math.max(room - 2, 1)
  const newer = size * Math.min(page, Math.ceil(letters.length / size) - 1)
  const shown = letters.slice(newer, newer + size)
  return { shown, newer, older: letters.length - newer - shown.length }
}

function count(number, state) {
  return number > 0 && `${number} ${state}`
}

function cut(text, room) {
  const signs = [...text]
  return signs.length > room ? `${signs.slice(0, room - 1).join('')}…` : text
}

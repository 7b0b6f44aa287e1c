// The inbox: a list, a letter, and what a person can do with it, on every surface.

import { expect, test } from 'claude-code/testing'
import { HELD, LETTER, box, given, pane, start, world } from './world.ts'

const SURFACES = ['terminal', 'desktop', 'vscode', 'mobile'] as const

async function opened($, on, letter, surface) {
  const tried = world(on)
  const full = { ...letter, about: 'message', why: letter.state === 'held' ? 'she asks' : null, text: 'line one\nline two' }
  const can = letter.state === 'held' ? ['answer', 'accept', 'always', 'refuse'] : ['answer', 'done']
  tried.binary.says = { 'inbox --json': box(HELD, LETTER), [`read ${letter.id}`]: JSON.stringify({ ...full, can }) }
  await start($)
  expect((await given($, 'inbox')).text).toBeUndefined()
  const ui = await pane($, surface)
  await ui.press({ key: letter.id })
  return { ...tried, ui }
}

for (const surface of SURFACES) {
  test(`the list shows each letter on a line of its own (${surface})`, async ($, on) => {
    const { seen, binary } = world(on)
    binary.says['inbox --json'] = box(HELD, { ...LETTER, line: 'x'.repeat(120) })
    await start($)
    await given($, 'inbox')
    expect(seen.open).toEqual(['cc2cc-inbox'])
    const ui = await pane($, surface)
    expect((await ui.find({ type: 'Text', text: /Letters for ann/ })).text).toContain('1 waiting · 1 held')
    expect((await ui.find({ key: 'k-2' })).text).toBe('‖ eve  2 min ago · held  delete it all')
    const long = (await ui.find({ key: 'k-1' })).text
    expect(long).toStartWith('○ bob  just now · waiting  xxx')
    expect(long).toEndWith('x…')
    expect([...long].length).toBeLessThan(60)
    await ui.unmount()
  })

  test(`a letter is opened, and answered from the prompt (${surface})`, async ($, on) => {
    const { ui, seen, draft } = await opened($, on, LETTER, surface)
    expect((await ui.find({ type: 'Text', text: /line two/ })).text).toBe('line one\nline two')
    expect(await ui.find({ key: 'accept' })).toBeUndefined()
    await ui.press({ key: 'answer' })
    expect(seen.filled).toEqual(['/send bob '])
    draft.text = 'half a thought'
    await ui.press({ key: 'answer' })
    expect(seen.filled).toEqual(['/send bob '])
    expect((await ui.find({ type: 'Text', text: /your prompt is not empty/ })).text).toContain('/send bob answers')
    await ui.unmount()
  })
}

test('a list that does not fit has pages, since arrows only scroll what does not fit', async ($, on) => {
  const { binary } = world(on)
  const letters = Array.from({ length: 30 }, (_, number) => ({ ...LETTER, id: `k-${number}`, line: `number ${number}` }))
  binary.says['inbox --json'] = box(...letters)
  await start($)
  await given($, 'inbox')
  const ui = await pane($, 'terminal', { columns: 40 })
  const shown = async () => (await ui.findAll({ type: 'Button' })).map(({ key }) => key)
  const keys = (from, to) => letters.slice(from, to).map(({ id }) => id)
  expect(await shown()).toEqual([...keys(0, 14), 'older'])
  expect((await ui.find({ key: 'older' })).text).toBe('▾ 16 older')
  await ui.press({ key: 'older' })
  expect(await shown()).toEqual(['newer', ...keys(14, 28), 'older'])
  await ui.press({ key: 'older' })
  expect(await shown()).toEqual(['newer', 'k-28', 'k-29'])
  binary.says['inbox --json'] = box(...letters.slice(0, 20))
  await given($, 'inbox')
  expect(await shown()).toEqual([...keys(0, 14), 'older'])
  await ui.unmount()
})

/** The size that a client gives the pane on a terminal of 80 by 24. */
const SMALL = { columns: 76, rows: 6 }

test('on a small terminal the list shows eight letters in two columns, held ones first', async ($, on) => {
  const { binary } = world(on)
  const letters = Array.from({ length: 20 }, (_, number) => ({ ...LETTER, id: `n-${number}`, line: 'x'.repeat(99) }))
  binary.says['inbox --json'] = box(HELD, ...letters)
  await start($)
  await given($, 'inbox')
  const ui = await pane($, 'terminal', SMALL)
  const rows = async () => (await ui.findAll({ type: 'Button' })).map(({ key, text }) => [key, text])
  const first = await rows()
  expect(first.map(([key]) => key)).toEqual(['k-2', ...letters.slice(0, 7).map(({ id }) => id), 'older'])
  expect(first[0][1]).toBe('‖ eve   2m held · delete it all')
  for (const [, text] of first) expect([...text].length).toBeLessThan(38)
  expect((await ui.findAll({ type: 'Text' })).map(({ text }) => text)).toEqual([
    'Letters for ann: 20 waiting · 1 held',
    '↑↓ choose · enter opens · esc closes',
  ])
  await ui.press({ key: 'older' })
  const second = await ui.findAll({ type: 'Button' })
  expect(second.map(({ key }) => key)).toEqual(['newer', ...letters.slice(7, 15).map(({ id }) => id), 'older'])
  expect(second.filter(({ props }) => props.autoFocus).map(({ key }) => key)).toEqual(['n-7'])
  await ui.unmount()
})

/** The same on a terminal of 60 by 16. */
const TINY = { columns: 56, rows: 3 }

test('on a tiny terminal no row takes two, and an open letter has its keys in one', async ($, on) => {
  const { binary } = world(on)
  const letters = Array.from({ length: 9 }, (_, number) => ({ ...LETTER, id: `n-${number}`, line: 'x'.repeat(99) }))
  const held = { ...HELD, from: 'brave-fox', age: '331d' }
  const can = ['answer', 'accept', 'always', 'refuse']
  binary.says = {
    'inbox --json': box(held, ...letters),
    [`read ${held.id}`]: JSON.stringify({ ...held, about: 'message', why: null, text: 'line one', can }),
  }
  await start($)
  await given($, 'inbox')
  const ui = await pane($, 'terminal', TINY)
  const rows = await ui.findAll({ type: 'Button' })
  expect(rows.map(({ key }) => key)).toEqual(['k-2', 'n-0', 'older'])
  expect(rows[0].text).toBe('‖ brave-fox  delete it all')
  for (const { text } of rows) expect([...text].length).toBeLessThan(28)
  await ui.press({ key: 'k-2' })
  const buttons = await ui.findAll({ type: 'Button' })
  expect(buttons.map(({ props }) => [props.hotkey, props.plain])).toEqual([...'ywnab'].map(key => [key, true]))
  expect(buttons.reduce((length, { props }) => length + props.label.length + 5, 0)).toBeLessThan(TINY.columns)
  await ui.unmount()
})

test('a letter shows its text once, and the key of whatever can be done with it', async ($, on) => {
  const { ui } = await opened($, on, HELD, 'terminal')
  const texts = (await ui.findAll({ type: 'Text' })).map(({ text }) => text)
  expect(texts.filter(text => text.includes('line one'))).toEqual(['line one\nline two'])
  const buttons = (await ui.findAll({ type: 'Button' })).map(({ text }) => text)
  expect(buttons).toEqual(['y accept', 'w always', 'n refuse', 'a answer', 'b back'])
  await ui.unmount()
})

test('what the session sent is in the list with its state, is opened, and is no news', async ($, on) => {
  const { seen, binary } = world(on)
  const sent = { id: 'k-3', to: 'bob', ago: '5 min ago', age: '5m', state: 'answered', line: 'how far are you?' }
  binary.says['inbox --json --sent'] = box(HELD, sent, { ...sent, to: 'eve', state: 'held' })
  binary.says['read k-3 --to bob'] = JSON.stringify({ ...sent, from: 'ann', about: 'message', text: 'how far?', can: [] })
  await start($)
  await given($, 'inbox')
  const ui = await pane($, 'terminal')
  expect((await ui.find({ key: 'k-3 bob' })).text).toBe('✓ → bob  5 min ago · answered  how far are you?')
  await ui.press({ key: 'k-3 bob' })
  expect((await ui.find({ type: 'Text', text: /→ bob/ })).text).toBe('→ bob')
  expect((await ui.findAll({ type: 'Button' })).map(({ key }) => key)).toEqual(['back'])
  expect([seen.toasts, seen.notes]).toEqual([[], []])
  await ui.unmount()
})

test('an empty inbox has a row for the keys, and it closes the pane', async ($, on) => {
  const { seen } = world(on)
  await start($)
  await given($, 'inbox')
  const ui = await pane($, 'terminal')
  const [row] = await ui.findAll({ type: 'Button' })
  expect([row.key, row.text, row.props.autoFocus]).toEqual(['close', 'none yet · enter closes', true])
  await ui.press({ key: 'close' })
  expect(seen.open).toEqual([])
  await ui.unmount()
})

test('when the letter with the keys is gone, the one in its place has them', async ($, on) => {
  const { ui, binary } = await opened($, on, HELD, 'terminal')
  const next = { ...LETTER, id: 'k-9' }
  binary.says['inbox --json'] = box(next, LETTER)
  await ui.press({ key: 'refuse' })
  const focused = async () => (await ui.findAll({ type: 'Button' })).filter(({ props }) => props.autoFocus).map(({ key }) => key)
  expect(await focused()).toEqual(['k-9'])
  await ui.unmount()
})

test('what is sent then answers that letter, once, and only when it goes to whoever wrote it', async ($, on) => {
  const { ui, seen } = await opened($, on, LETTER, 'terminal')
  await ui.press({ key: 'answer' })
  await given($, 'send', 'bob well done')
  await given($, 'send', 'bob and something else')
  await ui.press({ key: 'answer' })
  await given($, 'send', 'eve a word first')
  await given($, 'send', 'bob no answer any more')
  expect(seen.asked.filter(words => words.startsWith('typed send'))).toEqual([
    'typed send --reply-to k-1 bob well done',
    'typed send bob and something else',
    'typed send eve a word first',
    'typed send bob no answer any more',
  ])
  await ui.unmount()
})

for (const [deed, letter] of [['accept', HELD], ['always', HELD], ['refuse', HELD], ['done', LETTER]]) {
  test(`${deed} is the binary's to do, and leads back to the list`, async ($, on) => {
    const { ui, seen, binary } = await opened($, on, letter, 'terminal')
    binary.says['inbox --json'] = box()
    await ui.press({ key: deed })
    expect(seen.asked).toContain(`typed ${deed} ${letter.id}`)
    expect((await ui.find({ type: 'Text', text: /Letters for ann/ })).text).toBe('Letters for ann')
    expect((await ui.find({ type: 'Text', text: new RegExp(`${deed} ${letter.id} done`) })).text).toContain('done')
    expect(seen.status).toBeUndefined()
    await ui.unmount()
  })
}

test('the list comes back with the keys on the letter that was chosen', async ($, on) => {
  const { binary } = world(on)
  binary.says['inbox --json'] = box(HELD)
  await start($)
  await given($, 'inbox')
  const ui = await pane($, 'terminal')
  binary.says['inbox --json'] = box(LETTER, HELD)
  binary.says['read k-2'] = 'no letter `k-2`'
  await ui.press({ key: 'k-2' })
  const focused = (await ui.findAll({ type: 'Button' })).filter(button => button.props.autoFocus)
  expect(focused.map(({ key }) => key)).toEqual(['k-2'])
  await ui.unmount()
})

test('a letter that has gone meanwhile is not opened', async ($, on) => {
  const { ui, binary } = await opened($, on, LETTER, 'terminal')
  await ui.press({ key: 'back' })
  binary.says['read k-1'] = 'no letter `k-1`'
  await ui.press({ key: 'k-1' })
  expect((await ui.find({ type: 'Text', text: /no letter/ })).text).toBe('no letter `k-1`')
  await ui.unmount()
})

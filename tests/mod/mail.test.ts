// What comes while the person does something else: a toast, a notification for what is held, a line until it is decided.

import { expect, test } from 'claude-code/testing'
import { HELD, LETTER, box, start, world } from './world.ts'

const event = (kind, letter) => `${JSON.stringify({ event: kind, id: letter.id, from: letter.from, to: 'ann' })}\n`
const READY = { says: {}, text: '{"event":"ready","agent":"ann","agents":[]}\n' }

/** Plays these moments from the start of the session on. */
async function played($, on, ...moments) {
  const { seen, binary } = world(on)
  binary.events = moments
  await start($)
  await binary.over
  return seen
}

test('a letter that comes is a toast', async ($, on) => {
  const line = event('sent', LETTER)
  const seen = await played($, on, READY,
    { says: { 'inbox --json': box(LETTER) }, text: line.slice(0, 20) },
    { says: {}, text: line.slice(20) },
    { says: {}, text: 'not JSON\n\n' },
  )
  expect(seen.toasts).toEqual(['you are ann', '✉ bob: tests pass'])
  expect([seen.notes, seen.status, seen.log]).toEqual([[], undefined, []])
})

test('a letter that is held raises a notification, and a line until it is decided', async ($, on) => {
  const held = { says: { 'inbox --json': box(HELD) }, text: event('sent', HELD) + event('held', HELD) }
  const seen = await played($, on, READY, held)
  expect(seen.notes).toEqual(['✉ eve needs your yes: delete it all'])
  expect(seen.status).toBe('✉ 1 letter waits for your yes: /inbox')
  expect(seen.toasts).toEqual(['you are ann'])
})

test('what is decided leaves nothing behind', async ($, on) => {
  const held = { says: { 'inbox --json': box(HELD) }, text: event('sent', HELD) + event('held', HELD) }
  const refused = { says: { 'inbox --json': box() }, text: event('refused', HELD) }
  const seen = await played($, on, READY, held, refused)
  expect([seen.cancelled, seen.status]).toEqual([['k-2'], undefined])
})

test('what was held before the session began is a line and no notification', async ($, on) => {
  const ready = { ...READY, says: { 'inbox --json': box(HELD, { ...HELD, id: 'k-3' }) } }
  const seen = await played($, on, ready)
  expect([seen.notes, seen.status]).toEqual([[], '✉ 2 letters wait for your yes: /inbox'])
})

test('a notification that is refused is no reason to stop listening', async ($, on) => {
  const { seen, binary } = world(on)
  binary.mayNotify = false
  binary.events = [
    READY,
    { says: { 'inbox --json': box(HELD) }, text: event('held', HELD) },
    { says: { 'inbox --json': box(LETTER) }, text: event('refused', HELD) + event('sent', LETTER) },
  ]
  await start($)
  await binary.over
  expect(seen.toasts).toEqual(['you are ann', '✉ bob: tests pass'])
})

test('a watch that was killed begins again after a while, one that never began does not', async ($, on) => {
  const { seen, binary } = world(on)
  binary.events = [READY]
  const again = new Promise(resolve => (binary.endedAgain = resolve))
  await start($)
  await binary.over
  binary.events = []
  await again
  expect(seen.asked.filter(asked => asked.startsWith('watch')).length).toBe(2)
  expect(seen.slept).toEqual([250, 10_000])
})

test('a session that is deaf since its folder is gone is told so before any letter comes', async ($, on) => {
  const { seen, binary } = world(on)
  binary.isInPlace = false
  binary.events = [READY, { says: {}, text: '{"event":"deaf","agent":"ann"}\n' }]
  await start($)
  await binary.over
  expect(seen.status).toContain('/reload-plugins loads what is installed now')
})

test('many letters at once are one toast', async ($, on) => {
  const letters = ['a', 'b', 'c', 'd'].map(id => ({ ...LETTER, id }))
  const text = letters.map(letter => event('sent', letter)).join('')
  const seen = await played($, on, READY, { says: { 'inbox --json': box(...letters) }, text })
  expect(seen.toasts).toEqual(['you are ann', '✉ 4 letters have come'])
})

test('what the session itself sent, and what others do, is no news', async ($, on) => {
  const mine = `${JSON.stringify({ event: 'sent', id: 'k-9', from: 'ann', to: 'bob' })}\n`
  const seen = await played($, on, READY, { says: { 'inbox --json': box(LETTER) }, text: mine })
  expect([seen.toasts, seen.notes]).toEqual([['you are ann'], []])
})

test('the name is told at the start and when it is another, and not again', async ($, on) => {
  const named = name => ({ 'inbox --json': JSON.stringify({ ...JSON.parse(box()), name }) })
  const renamed = '{"event":"renamed","agent":"eve","was":"ann"}\n'
  const seen = await played($, on, READY, { says: named('eve'), text: renamed }, { says: {}, text: READY.text })
  expect(seen.toasts).toEqual(['you are ann', 'you are eve'])
})

test('a wake is a prompt of the words that the binary gives', async ($, on) => {
  const { seen, binary } = world(on)
  const wake = '{"event":"wake","agent":"ann","prompt":"mail for ann from bob (wake 1f3a9c2e)"}\n'
  binary.events = [READY, { says: {}, text: wake }]
  await start($)
  await binary.over
  expect(seen.submitted).toEqual(['mail for ann from bob (wake 1f3a9c2e)'])
  expect(seen.toasts).toEqual(['you are ann'])
})

test('a wake that is refused is no reason to stop listening', async ($, on) => {
  const { seen, binary } = world(on)
  binary.maySubmit = false
  const letter = { says: { 'inbox --json': box(LETTER) }, text: event('sent', LETTER) }
  binary.events = [READY, { says: {}, text: '{"event":"wake","agent":"ann","prompt":"mail"}\n' }, letter]
  await start($)
  await binary.over
  expect([seen.submitted, seen.toasts]).toEqual([[], ['you are ann', '✉ bob: tests pass']])
})

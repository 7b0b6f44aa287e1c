// The tables that every surface is tried with; tests/run makes code of them. The binary gives the mod each text as a terminal may print it; the mod adds
// nothing to it, loses nothing of it, and tells nobody else.

import { expect, test } from 'claude-code/testing'
import { LETTER, box, given, pane, start, until, world } from './world.ts'
import attacks from './attacks.ts'
import ordinary from './ordinary.ts'

const TEXTS = [...attacks, ...ordinary].map(({ text, terminal }) => terminal ?? text)
/** What no screen may get; joiners are among the texts where they are needed. */
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

const AT_ONCE = 8
for (let first = 0; first < TEXTS.length; first += AT_ONCE) {
  test(`the pane draws the texts of the tables as the binary gives them, from number ${first}`, async ($, on) => {
    const { binary } = world(on)
    await start($)
    for (const [number, text] of TEXTS.slice(first, first + AT_ONCE).entries()) {
      const [line] = text.split('\n')
      const letter = { ...LETTER, id: `t-${number}`, line: [...line].slice(0, 20).join('') }
      const about = { ...letter, about: line, why: null, text, can: ['answer'] }
      Object.assign(binary.says, { 'inbox --json': box(letter), [`read ${letter.id}`]: JSON.stringify(about) })
      await given($, 'inbox')
      const ui = await pane($, 'terminal')
      const row = (await ui.find({ key: letter.id })).text
      expect(row).toBe(`○ bob  just now · waiting  ${letter.line}`)
      await ui.press({ key: letter.id })
      const shown = (await ui.findAll({ type: 'Text' })).map(({ text }) => text)
      expect(shown).toContain(text)
      expect(shown.concat(row).some(text => OBEYED.test(text))).toBe(false)
      await ui.unmount()
    }
  })
}

test('a toast says each text of the tables as the binary gives it', async ($, on) => {
  const { seen, binary } = world(on)
  const ids = TEXTS.map((_, number) => `t-${number}`)
  binary.events = ids.flatMap((id, number) => {
    const letter = { ...LETTER, id, line: TEXTS[number].split('\n')[0] }
    const event = `${JSON.stringify({ event: 'sent', id, from: 'bob', to: 'ann' })}\n`
    return [{ says: { 'inbox --json': box(letter) }, text: event }]
  })
  await start($)
  await binary.over
  await until(() => seen.toasts.length === ids.length + 1)
  expect(seen.toasts).toEqual(['you are ann', ...TEXTS.map(text => `✉ bob: ${text.split('\n')[0]}`)])
})

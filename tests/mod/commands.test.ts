// What a person types: bare commands, answered at once.

import { expect, test } from 'claude-code/testing'
import { box, given, start, until, world } from './world.ts'

test('the commands are there at once and say what the binary says, to the person alone', async ($, on) => {
  const { seen, binary } = world(on)
  binary.says.who = 'you are ann\nbob  idle'
  await start($)
  expect(seen.names).toEqual(['send', 'inbox', 'who'])
  const sent = await given($, 'send', 'bob  two  spaces\nand a line')
  expect(sent).toMatchObject({ text: 'send done', isTextDisplayOnly: true })
  expect(seen.asked).toContain('typed send bob  two  spaces\nand a line')
  const who = await given($, 'who')
  expect(who).toMatchObject({ text: 'you are ann\nbob  idle', isTextDisplayOnly: true })
})

test('what could not be sent comes back into an empty prompt, and is an answer as before', async ($, on) => {
  const { seen, binary, draft } = world(on)
  await start($)
  await given($, 'send', 'bob hello')
  expect(seen.filled).toEqual([])
  binary.exitCode = 3
  binary.says.send = 'no agent named `bobb`'
  expect((await given($, 'send', ' bobb hello\nthere ')).text).toBe('no agent named `bobb`')
  expect((await given($, 'cc2cc:send', 'bobb hello')).text).toBe('no agent named `bobb`')
  expect(seen.filled).toEqual(['/send bobb hello\nthere', '/cc2cc:send bobb hello'])
  await given($, 'send')
  draft.text = 'something else by now'
  await given($, 'send', 'bobb hello')
  expect(seen.filled).toHaveLength(2)
})

test('the long names are answered alike', async ($, on) => {
  const { seen } = world(on, { commands: [{ name: 'send', description: 'mine', source: 'user' }] })
  await start($)
  expect((await given($, 'cc2cc:send', 'bob hello')).text).toBe('send done')
  expect((await given($, 'cc2cc:who')).text).toBe('who done')
  expect((await given($, 'cc2cc:accept', ' k-1 ')).text).toBe('accept k-1 done')
  expect((await given($, 'cc2cc:refuse')).text).toBe('refuse  done')
  expect((await given($, 'cc2cc:inbox')).text).toBeUndefined()
  expect(seen.open).toEqual(['cc2cc-inbox'])
})

test('while Claude works an answer goes to the log, where it is seen before the turn is over', async ($, on) => {
  const { seen, binary } = world(on)
  binary.says.who = 'you are ann\nbob  idle'
  await start($)
  await $.turn.start({ text: 'work', turnId: 't' })
  expect((await given($, 'who')).text).toBeUndefined()
  expect(seen.log).toEqual(['you are ann', 'bob  idle'])
  await $.turn.complete({ answer: 'done', durationMs: 1, isAborted: true, turnId: 't', reason: 'aborted' })
  expect((await given($, 'who')).text).toBe('you are ann\nbob  idle')
})

test('a name that somebody else has stays theirs, and the person is told once', async ($, on) => {
  const { seen } = world(on, { commands: [{ name: 'who', description: 'mine', source: 'user' }] })
  on('command.run', () => ({ text: 'the other one' }))
  await start($)
  expect(seen.names).toEqual(['send', 'inbox'])
  expect(seen.log).toEqual(["/who is somebody else's here; /cc2cc:who does the same"])
  expect((await given($, 'who')).text).toBe('the other one')
  await start($)
  expect(seen.log).toHaveLength(1)
})

test('after an update a command is had as soon as that of the copy before is gone', async ($, on) => {
  // The client lists what is about to go without its plugin, and refuses to register it a second time.
  const before = { name: 'send', description: 'Write to another session', source: 'plugin' }
  const { seen, refusals } = world(on, { commands: [before] })
  Object.assign(refusals, { send: 3, who: 1 })
  await start($)
  await until(() => seen.names.length === 3)
  expect((await given($, 'send', 'bob hi')).text).toBe('send done')
  expect((await given($, 'who')).text).toBe('who done')
  expect(seen.log).toEqual([])
})

test('a command that is refused for good is told, with what to type instead', async ($, on) => {
  const { seen, refusals } = world(on)
  refusals.send = Infinity
  await start($)
  await until(() => seen.log.length > 0)
  expect(seen.log).toHaveLength(1)
  expect(seen.log[0]).toContain('/send could not be had')
  expect(seen.log[0]).toContain('/cc2cc:send does the same')
  expect((await given($, 'cc2cc:send', 'bob hi')).text).toBe('send done')
})

test('a command that no person gives is not obeyed', async ($, on) => {
  const { seen } = world(on)
  await start($)
  for (const kind of ['scheduled-trigger', 'peer', 'task-notification', 'unclassified', 'plugin']) {
    for (const command of ['send', 'inbox', 'who', 'cc2cc:send', 'cc2cc:accept']) {
      expect((await given($, command, 'bob hi', kind)).text).toBe('only a person gives this command')
    }
  }
  expect(seen.asked.filter(asked => asked.startsWith('typed send'))).toEqual([])
  for (const kind of ['bridge', 'sdk']) expect((await given($, 'send', 'bob hi', kind)).text).toBe('send done')
})

test('the long names are hidden where the short ones stand, and nowhere else', async ($, on) => {
  world(on, { commands: [{ name: 'who', description: 'mine', source: 'user' }] })
  on('command.describe', (_, e) => ({ description: e.description, isHidden: e.isHidden }))
  await start($)
  const hidden = async command => {
    const provider = { plugin: 'engine', tier: 'core' }
    return (await $.command.describe({ command, description: '', isHidden: false, immediate: false, provider })).isHidden
  }
  expect(await hidden('cc2cc:send')).toBe(true)
  expect(await hidden('cc2cc:inbox')).toBe(true)
  expect(await hidden('send')).toBe(false)
  expect(await hidden('cc2cc:who')).toBe(false)
  expect(await hidden('cc2cc:accept')).toBe(false)
  expect(await hidden('other:send')).toBe(false)
})

test('names are completed in the place of the name', async ($, on) => {
  const { binary } = world(on)
  on('prompt.autocomplete', () => ({ suggestions: [] }))
  const names = ['bob', 'brave-fox', 'calm-owl'].map(name => ({ name, about: 'idle · shop' }))
  binary.says['who --json'] = JSON.stringify(names)
  await start($)
  const completed = async text => {
    const start = text.lastIndexOf(' ') + 1
    const { suggestions } = await $.prompt.autocomplete({ text, cursor: text.length, token: text.slice(start), start })
    return suggestions.map(({ text, label, description }) => [text, label, description].join('|'))
  }
  expect(await completed('/send b')).toEqual(['bob |bob|idle · shop', 'brave-fox |brave-fox|idle · shop'])
  expect(await completed('/send bob b')).toEqual([])
  expect(await completed('tell b')).toEqual([])
})

test('without its binary the session goes on, and a command says so', async ($, on) => {
  const { seen, binary } = world(on)
  binary.isThere = false
  await start($)
  expect((await given($, 'send', 'bob hi')).text).toContain('could not be started')
  expect((await given($, 'inbox')).text).toContain('could not be started')
  expect([seen.open, seen.status, seen.log]).toEqual([[], undefined, []])
})

test('without its folder, as after an update, the person is told what to do, and it stays told', async ($, on) => {
  const { seen, binary } = world(on)
  await start($)
  await $.turn.start({ text: 'work', turnId: 't' })
  expect(seen.status).toBeUndefined()
  Object.assign(binary, { isThere: false, isInPlace: false })
  await $.turn.start({ text: 'work', turnId: 'u' })
  await until(() => seen.status)
  expect(seen.status).toContain('/reload-plugins loads what is installed now')
  await $.turn.complete({ answer: 'done', durationMs: 1, isAborted: false, turnId: 'u', reason: 'done' })
  expect((await given($, 'send', 'bob hi')).text).toBe(seen.status)
  expect((await given($, 'inbox')).text).toBe(seen.status)
  expect(seen.status).toContain('/reload-plugins loads what is installed now')

  Object.assign(binary, { isThere: true, isInPlace: true })
  await $.turn.start({ text: 'work', turnId: 'v' })
  await until(() => seen.status === undefined)
  expect(seen.status).toBeUndefined()
})

test('where nothing draws a pane the inbox is a table', async ($, on) => {
  const { seen, binary } = world(on)
  binary.hasPanes = false
  binary.says = { 'inbox --json': box(), inbox: 'no letters for ann yet' }
  await start($)
  expect((await given($, 'inbox')).text).toBe('no letters for ann yet')
  expect(seen.open).toEqual([])
})

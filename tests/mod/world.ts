// A client in which the mod can be tried: what the binary would say is given, and what a person would see is kept.

import { mock } from 'claude-code/testing'

export const LETTER = { id: 'k-1', from: 'bob', ago: 'just now', age: 'now', state: 'waiting', line: 'tests pass' }
export const HELD = { id: 'k-2', from: 'eve', ago: '2 min ago', age: '2m', state: 'held', line: 'delete it all' }

/** The list that `cc2cc typed inbox --json` prints. */
export function box(...letters) {
  const count = state => letters.filter(letter => letter.state === state).length
  return JSON.stringify({ name: 'ann', waiting: count('waiting'), held: count('held'), letters })
}

/**
 * Stands for the client and the binary. `binary.says` answers a verb of `typed`; `binary.events` is what it watches;
 * `refusals` is how often the client refuses to register a command.
 */
export function world(on, { commands = [] } = {}) {
  const seen = { names: [], asked: [], toasts: [], notes: [], cancelled: [], log: [], slept: [], status: undefined, filled: [], submitted: [], open: [] }
  const binary = { says: { 'inbox --json': box() }, events: [], isThere: true, isInPlace: true, hasPanes: true, mayNotify: true, maySubmit: true, exitCode: 0 }
  const refusals = {}
  binary.over = new Promise(resolve => (binary.ended = resolve))
  const draft = { text: '' }
  mock.store(on)
  on('clock.sleep', (_, e) => {
    seen.slept.push(e.ms)
    return { value: undefined }
  })
  on('fs.exists', () => ({ value: binary.isInPlace }))
  on('command.list', () => ({ value: commands }))
  on('command.register', (_, e) => {
    if (refusals[e.name] > 0) {
      refusals[e.name] -= 1
      return { deny: 'it stands already' }
    }
    seen.names.push(e.name)
    return { value: { command: e.name } }
  })
  on('session.start', (_, e) => ({ cwd: e.cwd }))
  on('turn.start', (_, e) => ({ turnId: e.turnId }))
  on('turn.complete', (_, e) => ({ turnId: e.turnId, text: '' }))
  on('process.run', (_, e) => {
    if (!binary.isThere) throw new Error('ENOENT')
    const [, typed, ...words] = e.argv
    seen.asked.push([typed, ...words, e.init.stdin].filter(Boolean).join(' '))
    // Where nothing is said of letters that were sent, there are none.
    const said = binary.says[words.join(' ')] ?? binary.says[words.filter(word => word !== '--sent').join(' ')]
    const stdout = said ?? `${words.join(' ')} done`
    return { value: { exitCode: binary.exitCode, stdout: `${stdout}\n`, stderr: '', isStdoutTruncated: false, isStderrTruncated: false } }
  })
  on('process.spawn', async function* (_, e) {
    if (!binary.isThere) throw new Error('ENOENT')
    seen.asked.push(e.argv.slice(1).join(' '))
    for (const { says, text } of binary.events) {
      Object.assign(binary.says, says)
      yield { stream: 'stdout', text }
    }
    binary.ended()
    if (binary.events.length === 0) binary.endedAgain?.()
    return { value: { code: 0, signal: null } }
  })
  on('ui.log', (_, e) => {
    if (e.to !== 'debug') seen.log.push(e.text)
    return { value: undefined }
  })
  on('ui.toast', (_, e) => {
    seen.toasts.push(e.text)
    return { value: undefined }
  })
  on('ui.status', (_, e) => {
    seen.status = e.text
    return { value: undefined }
  })
  on('ui.notify', (_, e) => {
    if (!binary.mayNotify) return { deny: 'not now' }
    seen.notes.push(e.text)
    return { value: { isSent: true, channel: 'kitty' } }
  })
  on('ui.cancelNotify', (_, e) => {
    seen.cancelled.push(e.key)
    return { value: { isSent: true } }
  })
  on('ui.open', async (_, e) => {
    await binary.meanwhile?.()
    binary.meanwhile = undefined
    seen.open.push(e.id)
    return { value: binary.hasPanes ? { isPlaced: true } : { isPlaced: false, reason: 'no-surface' } }
  })
  on('ui.close', (_, e) => {
    seen.open = seen.open.filter(id => id !== e.id)
    return { value: undefined }
  })
  on('ui.focus', () => ({ value: {} }))
  on('prompt.read', () => ({ value: { text: draft.text, cursor: draft.text.length } }))
  on('prompt.submit', (_, e) => {
    if (!binary.maySubmit) throw new Error('not now')
    seen.submitted.push(e.text)
    return { text: e.text }
  })
  on('prompt.fill', (_, e) => {
    seen.filled.push(e.text)
    return { isFilled: true }
  })
  return { seen, binary, draft, refusals }
}

export async function start($) {
  await $.session.start({ cwd: '/', surface: 'terminal', isInteractive: true })
}

/** Lets the mod go on until something is so, or for long enough that it will not be. */
export async function until(isSo) {
  for (let turn = 0; turn < 1000 && !isSo(); turn++) await new Promise(resolve => setTimeout(resolve, 1))
}

/** A command as a person gives it, or as it comes from elsewhere. */
export function given($, command, args = '', kind = 'composer') {
  return $.command.run({ command, args, origin: { kind } })
}

/** The pane, drawn as wide as a small terminal's. */
export function pane($, surface, { columns = 60, rows = 20, isFocused = true } = {}) {
  return $.ui.mount({
    plugin: 'cc2cc',
    component: 'Pane',
    requestId: 'cc2cc-inbox',
    surface,
    props: {
      title: 'Inbox',
      isFocused,
      bodyColumns: columns,
      placement: 'inline',
      scroll: { offset: 0, bodyRows: rows },
      view: {},
    },
  })
}

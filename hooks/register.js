// The mod: cc2cc inside Claude Code, beside the hooks. It draws and listens; what is true of letters the binary knows.
// A client without mods does not read it, one that lacks an event named here (before 2.1.292) does not load it, and
// everything works as before.

import { drawLetter, drawList, firstButton, keyOf, pageSize } from './pane.js'

const PANE = 'cc2cc-inbox'
const COMMANDS = [
  {
    name: 'send',
    description: 'Write to another session, as in /send calm-owl please run the tests',
    argumentHint: '<name | @all | @repo | @dir> <text>',
  },
  { name: 'inbox', description: 'Show the letters of this session' },
  { name: 'who', description: "Show this session's name and who is online" },
]

/**
 * Where a command comes from when a person gave it. A model can have one run by a timer or a message, and what it sends
 * that way would count as the person's.
 */
const HANDS = ['composer', 'bridge', 'sdk']
/** How long to wait before listening again when what listened was killed. */
const AGAIN_MS = 10_000
const WAKE_FIRST_MS = 250
/** The pauses after which a command that was refused is registered again. */
const REGISTER_AGAIN_MS = [20, 50, 100, 200, 400, 800, 1600]
/** What a person is shown, or no longer. */
const TOLD = ['ready', 'renamed', 'sent', 'held', 'accepted', 'refused', 'retried', 'expired', 'dead']
/** What happens to agents and not to letters. */
const OF_AGENTS = ['online', 'offline', 'idle', 'busy', 'deaf', 'reach', 'wake']
/** What the person can do when the plugin's folder is gone, as after an update: no hook of ours runs from then on. */
const RELOAD = "the plugin's folder is gone, as after an update; /reload-plugins loads what is installed now, and what waits arrives. After an uninstall nothing is: what waits stays"

/** All that changes while this copy of the mod lives. */
const my = {
  /** The bare commands that are ours, not somebody else's. */
  commands: new Set(),
  isBusy: false,
  isFollowing: false,
  /** Whether the folder this copy was loaded from is gone. */
  isGone: false,
  /** Whether the pane is open, and has the person's letters with what was sent. */
  isOpen: false,
  /** Whether the pane was open in this session; until then only what the person is shown is worth a look. */
  wasOpened: false,
  /** The newest letters, as the binary last told; undefined when it could not. */
  box: undefined,
  /** The name of which the person was last told. After a resume the client does not draw what the hook says of it. */
  toldName: undefined,
  /** The letter that is open in the pane, and the row of the list that has the keys, or had them last. */
  letter: undefined,
  picked: undefined,
  page: 0,
  /** How much room the list had, as drawn last. */
  room: undefined,
  /** The letter that the person is about to answer from the prompt. */
  answered: undefined,
  /** What came of the last thing the person did in the pane. */
  said: undefined,
}

export const register = on => {
  on('session.start', async ($, e, next) => {
    await takeNames($)
    const started = await next(e)
    if (e.isInteractive || e.surface) void follow($)
    return started
  })
  on('session.attach', ($, e, next) => {
    void follow($)
    return next(e)
  })

  on('turn.start', ($, e, next) => {
    my.isBusy = true
    void lookForFolder($)
    return next(e)
  })
  on('turn.complete', ($, e, next) => {
    my.isBusy = false
    return next(e)
  })

  // The long names, too: once a mod hears commands, the client puts one that a hook has my.answered back into the prompt.
  on('command.run', { command: ['send', 'cc2cc:send'] }, async ($, e, next) => declined(e, next) ?? send($, e))
  on('command.run', { command: ['who', 'cc2cc:who'] }, async ($, e, next) =>
    declined(e, next) ?? tell($, await ask($, ['who'])),
  )
  on('command.run', { command: ['cc2cc:accept', 'cc2cc:refuse'] }, async ($, e, next) =>
    declined(e, next) ?? tell($, await ask($, [e.command.split(':')[1], e.args.trim()])),
  )
  on('command.run', { command: ['inbox', 'cc2cc:inbox'] }, async ($, e, next) => {
    const answer = declined(e, next)
    if (answer) return answer
    my.letter = my.said = my.picked = undefined
    my.page = 0
    my.isOpen = true
    const failure = await look($)
    if (!failure && (await showPane($))) return {}
    my.isOpen = false
    return tell($, failure ?? (await ask($, ['inbox'])))
  })

  on('ui.close', ($, e, next) => {
    if (e.id === PANE) my.isOpen = false
    return next(e)
  })

  on('command.describe', async ($, e, next) => {
    const described = await next(e)
    const [plugin, name] = e.command.split(':')
    return plugin === $.plugin.name && my.commands.has(name) ? { ...described, isHidden: true } : described
  })

  on('prompt.autocomplete', { text: /^\/send\s+\S+$/ }, async ($, e, next) => {
    const suggested = await next(e)
    const names = my.commands.has('send') ? parsed(await ask($, ['who', '--json'])) : undefined
    const begun = (names ?? []).filter(({ name }) => name.startsWith(e.token) && name !== e.token)
    const rows = begun.map(({ name, about }) => ({ text: `${name} `, label: name, description: about }))
    return { suggestions: [...suggested.suggestions, ...rows] }
  })

  on('ui.render', { component: 'Pane', requestId: PANE }, async ($, e) => {
    const elements = $.ui.resolve(e)
    const { bodyColumns: columns, scroll } = e.props
    const rows = scroll?.bodyRows
    if (my.letter) return drawLetter(elements, { letter: my.letter, said: my.said, columns, rows, act: deed => act($, deed) })
    const failure = my.box ? undefined : await look($)
    if (failure) return h(elements.Text, {}, failure)
    const { box, said, picked, page } = my
    my.room = { columns, rows, isSaid: Boolean(said) }
    const [open, turn, close] = [letter => openLetter($, letter), pages => turnPage($, pages), () => closePane($)]
    return drawList(elements, { box, said, picked, columns, rows, page, open, turn, close })
  })
}

/** Registers the bare commands; of those that it cannot have the person is told once. */
async function takeNames($) {
  const refused = await take($, COMMANDS)
  if (refused.length > 0) void takeLater($, refused).catch(error => $.ui.log(`commands: ${error}`, { to: 'debug' }))
}

/**
 * Goes on trying. After an update this copy of the mod begins while the registrations of the copy before it still stand,
 * and those are refused, too; only what is refused for good is somebody else's.
 */
async function takeLater($, refused) {
  for (const pause of REGISTER_AGAIN_MS) {
    if (refused.length === 0) return
    await $.clock.sleep(pause)
    refused = await take($, refused.map(({ command }) => command))
  }
  for (const { command, error } of refused) {
    $.ui.log(`/${command.name} could not be had (${error}); /cc2cc:${command.name} does the same`)
  }
}

/** Registers these commands; gives those that were refused although nobody is known to have them, and why. */
async function take($, commands) {
  const refused = []
  const known = await $.command.list()
  for (const command of commands) {
    if (known.some(other => other.name === command.name && isForeign($, other))) {
      await tellOfOwner($, command)
      continue
    }
    try {
      await $.command.register({ ...command, immediate: true })
      my.commands.add(command.name)
    } catch (error) {
      refused.push({ command, error })
    }
  }
  $.ui.invalidate('command.describe') // what was asked before all of them were taken is kept
  return refused
}

/** Whether a listed command is known to be somebody else's. What a mod registered may be listed without its plugin. */
function isForeign($, { source, plugin }) {
  return plugin === undefined ? source !== 'plugin' : plugin !== $.plugin.name
}

async function tellOfOwner($, { name }) {
  const told = `somebody has ${name}`
  if (await $.store.get(told)) return
  $.ui.log(`/${name} is somebody else's here; /cc2cc:${name} does the same`)
  await $.store.set(told, true)
}

/** The answer to a command that is somebody else's, or given by no person; undefined for the others. */
function declined(e, next) {
  if (!e.command.includes(':') && !my.commands.has(e.command)) return next(e)
  return HANDS.includes(e.origin?.kind) ? undefined : { text: 'only a person gives this command' }
}

/**
 * Sends what was typed. What could not be sent goes back into the prompt, to be set right there: in its history a client
 * keeps nothing that a mod has answered.
 */
async function send($, { command, args }) {
  const { answered } = my
  const { said, isDone } = await run($, ['send', ...replyTo(args)], args)
  if (!isDone) {
    my.answered = answered
    const { text } = await $.prompt.read()
    if (args.trim() !== '' && text.trim() === '') await $.prompt.fill({ text: `/${command} ${args.trim()}` })
  }
  return tell($, said)
}

/** Which letter a command answers: the one whose answer was begun in the pane, if it goes to whoever wrote that. */
function replyTo(words) {
  const [to] = words.trim().split(/\s/)
  const id = my.answered?.from === to ? my.answered.id : undefined
  my.answered = undefined
  return id ? ['--reply-to', id] : []
}

/** What the binary says to a verb of `cc2cc typed`. */
async function ask($, words) {
  return (await run($, words)).said
}

/** The same, and whether it was done. */
async function run($, words, stdin = '') {
  try {
    const ended = await $.process.run([`${$.plugin.root}/bin/cc2cc`, 'typed', ...words], { stdin })
    return { said: (ended.stdout || ended.stderr).trimEnd(), isDone: ended.exitCode === 0 }
  } catch {
    await lookForFolder($)
    return { said: my.isGone ? RELOAD : 'its binary could not be started; `./install.sh` puts it back', isDone: false }
  }
}

/** Looks whether the plugin's folder is there. Without it the person sees what to do, until it is back or another is loaded. */
async function lookForFolder($) {
  try {
    const wasGone = my.isGone
    my.isGone = !(await $.fs.exists($.plugin.root))
    if (my.isGone && !wasGone) $.ui.status(RELOAD)
    if (wasGone && !my.isGone) await look($)
  } catch (error) {
    $.ui.log(`its folder: ${error}`, { to: 'debug' })
  }
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Prints an answer at once. In a turn the client keeps a command's text back until its end, but not a line of the log. */
function tell($, text) {
  if (!my.isBusy) return { text, isTextDisplayOnly: true }
  for (const line of text.split('\n').filter(line => line !== '')) $.ui.log(line)
  return {}
}

/**
 * Asks for the letters anew and shows what changed; gives what the binary complained of, if it did. What the session has
 * sent is worth a look through all mailboxes only while the pane shows it.
 */
async function look($) {
  const before = my.box?.letters ?? []
  const answer = await ask($, ['inbox', '--json', ...(my.isOpen ? ['--sent'] : [])])
  my.box = parsed(answer)
  pickAgain(before)
  const held = my.box?.held ?? 0
  const letters = held === 1 ? '1 letter waits' : `${held} letters wait`
  $.ui.status(my.isGone ? RELOAD : held > 0 ? `✉ ${letters} for your yes: /inbox` : undefined)
  $.ui.invalidate('ui.render')
  return my.box ? undefined : answer
}

/** The row that had the keys may be gone; then the one that took its place has them, or the keys would go to the prompt. */
function pickAgain(before) {
  const keys = (my.box?.letters ?? []).map(keyOf)
  if (['newer', 'older'].includes(my.picked) || keys.includes(my.picked)) return
  const place = Math.max(before.map(keyOf).indexOf(my.picked), 0)
  my.picked = keys[Math.min(place, keys.length - 1)] ?? 'close'
}

async function closePane($) {
  my.isOpen = false
  await $.ui.close({ id: PANE })
}

async function showPane($) {
  try {
    my.wasOpened = true
    const opened = await placePane($)
    if (!opened.isPlaced) {
      await closePane($)
      return false
    }
  } catch {
    return false
  }
  await choosePicked($)
  return true
}

/** Takes the keys to the list, when what had them is not drawn any more; else they would go to the prompt. */
async function takeKeys($) {
  try {
    await placePane($)
    await choosePicked($)
  } catch (error) {
    $.ui.log(`the keys are the prompt's: ${error}`, { to: 'debug' })
  }
}

/** Opens the pane with the keys on it; one that is open gets the keys. */
function placePane($) {
  const rows = (my.box?.letters.length ?? 0) + 6
  return $.ui.open({ id: PANE, title: 'Inbox', focus: true, closeOnEscape: true, rows })
}

/** Puts the keys on the letter that was picked; a pane that was open before keeps them where they were. */
function choosePicked($) {
  return focus($, my.picked)
}

async function focus($, key) {
  if (!key) return // nothing is drawn yet, and the first row to be drawn will have them
  try {
    await $.ui.focus({ requestId: PANE, key })
  } catch (error) {
    $.ui.log(`the keys stay where they are: ${error}`, { to: 'debug' })
  }
}

async function openLetter($, letter) {
  my.said = undefined
  my.picked = keyOf(letter)
  const answer = await ask($, ['read', letter.id, ...(letter.to ? ['--to', letter.to] : [])])
  my.letter = parsed(answer)
  if (!my.letter) my.said = answer
  $.ui.invalidate('ui.render')
  if (my.letter) await focus($, firstButton(my.letter))
}

async function turnPage($, pages) {
  const { letters } = my.box
  const size = pageSize(letters.length, my.room)
  my.page = Math.max(Math.min(my.page + pages, Math.ceil(letters.length / size) - 1), 0)
  my.picked = keyOf(letters[my.page * size])
  $.ui.invalidate('ui.render')
  await choosePicked($)
}

/** What the person does with the open letter. */
async function act($, deed) {
  my.said = undefined
  if (deed === 'answer') {
    const { text } = await $.prompt.read()
    my.answered = my.letter
    if (text.trim() === '') await $.prompt.fill({ text: `/send ${my.letter.from} ` })
    else my.said = `your prompt is not empty; /send ${my.letter.from} answers`
  } else if (deed === 'back') {
    my.letter = undefined
  } else {
    my.said = await ask($, [deed, my.letter.id])
    my.letter = undefined
  }
  await look($)
  if (!my.letter) await takeKeys($)
}

/** Listens to what happens to this session's letters for as long as the session lives. */
async function follow($) {
  if (my.isFollowing) return
  my.isFollowing = true
  try {
    while (await listen($)) await $.clock.sleep(AGAIN_MS)
  } catch (error) {
    $.ui.log(`not listening: ${error}`, { to: 'debug' })
  }
  my.isFollowing = false
}

/** Listens until the watch ends; gives whether it ever began, and so is worth another try. */
async function listen($) {
  let rest = ''
  let began = false
  for await (const { stream, text } of $.process.spawn({
    argv: [`${$.plugin.root}/bin/cc2cc`, 'watch', '--json', '--session'],
  })) {
    if (stream !== 'stdout') continue
    began = true
    const lines = (rest + text).split('\n')
    rest = lines.pop()
    const heard = lines.map(parsed).filter(Boolean)
    if (heard.some(({ event }) => event === 'deaf')) await lookForFolder($)
    for (const { prompt } of heard.filter(({ event }) => event === 'wake')) await wake($, prompt)
    await hear($, heard)
  }
  return began
}

/** Wakes the session where its waker is gone: the binary says when, and knows its own words again in the prompt. */
async function wake($, text) {
  try {
    await $.prompt.submit({ text })
  } catch (error) {
    $.ui.log(`not woken: ${error}`, { to: 'debug' })
  }
}

/**
 * Shows the person what came and what is held; what was there before is only counted. The watch says that something
 * happened, the binary says what is true now: a letter that was held at once is no toast.
 */
async function hear($, heard) {
  const events = heard.filter(({ event }) => my.wasOpened ? !OF_AGENTS.includes(event) : TOLD.includes(event))
  if (events.length === 0) return
  // The session is being woken for what came just now; that goes first.
  await $.clock.sleep(WAKE_FIRST_MS)
  const before = heldIds()
  await look($)
  if (!my.box) return
  if (my.box.name !== my.toldName) $.ui.toast(`you are ${my.box.name}`)
  my.toldName = my.box.name
  for (const id of before.filter(id => !heldIds().includes(id))) await $.ui.cancelNotify(id)
  const named = kind => new Set(events.filter(({ event }) => event === kind).map(({ id }) => id))
  const came = received().filter(({ id, state }) => named('sent').has(id) && state !== 'held')
  if (came.length > 3) $.ui.toast(`✉ ${came.length} letters have come`)
  else for (const { from, line } of came) $.ui.toast(`✉ ${from}: ${line}`)
  for (const { id, from, line } of received().filter(({ id, state }) => named('held').has(id) && state === 'held')) {
    await notify($, `✉ ${from} needs your yes: ${line}`, id)
  }
}

/** The client's own notification, by whatever channel the person has chosen; their hooks may refuse it. */
async function notify($, text, key) {
  try {
    await $.ui.notify(text, { title: 'cc2cc', key })
  } catch (error) {
    $.ui.log(`not notified: ${error}`, { to: 'debug' })
  }
}

function heldIds() {
  return received().filter(({ state }) => state === 'held').map(({ id }) => id)
}

/** The letters in the list that came to this session; the others are its own. */
function received() {
  return (my.box?.letters ?? []).filter(({ to }) => !to)
}

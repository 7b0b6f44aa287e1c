// cc2cc's part inside OpenCode. It listens and hands over: what OpenCode tells goes to one process of cc2cc, line by line,
// and what that process asks for is done. Every decision is made there. The process ends with OpenCode.
import { spawn } from "node:child_process"

const COMMAND = "cc2cc"
/// How long OpenCode waits for an answer before it goes on without one.
const PATIENCE_MS = 10_000
const OUR_PART = "prt_cc2cc"
const OUR_TOOL = "cc2cc_"

const isTold = (type) => /^(session|permission|question)\./.test(type) && type !== "session.diff"
const isOurs = (part) => `${part.id}`.startsWith(OUR_PART)

/// What evidence needs of a conversation, and none of its words.
const outline = ({ info, parts }) => ({
  id: info.id,
  role: info.role,
  parent: info.parentID,
  finished: Boolean(info.finish && info.time?.completed),
  failed: Boolean(info.error),
  ours: parts.filter(isOurs).map((part) => part.id),
  given: parts.filter((part) => part.tool?.startsWith(OUR_TOOL)).flatMap((part) =>
    [...`${part.state?.output ?? ""}`.matchAll(/<letter id=\\?"([^"\\]+)/g)].map(([, id]) => id)),
})

export const Cc2cc = async ({ client, directory }) => {
  const sessions = new Set() // those that were told of, for a process that is started anew
  const waiting = new Map()
  let process_, asked = 0, starts = 0, isOver = false

  const calls = {
    prompt: ({ session, ...body }) => client.session.promptAsync({ path: { id: session }, body }),
    messages: async ({ session, limit }) => {
      const { data, error } = await client.session.messages({ path: { id: session }, query: { limit } })
      return { data: data?.map(outline), error }
    },
    session: ({ session }) => client.session.get({ path: { id: session } }),
    sessions: () => client.session.list(),
    agents: () => client.app.agents(),
    toast: (body) => client.tui.showToast({ body }),
  }

  const say = (line) => process_?.stdin.write(JSON.stringify(line) + "\n")
  const ask = (question, data) => new Promise((resolve) => {
    if (!process_) return resolve()
    const id = ++asked
    const settle = (answer) => (clearTimeout(timer), waiting.delete(id), resolve(answer))
    const timer = setTimeout(settle, PATIENCE_MS)
    waiting.set(id, settle)
    say({ ask: id, question, data })
  })
  const obey = async ({ answer, call, id, data }) => {
    if (answer !== undefined) return waiting.get(answer)?.(data)
    const result = await Promise.resolve(data).then(calls[call]).catch((error) => ({ error: `${error}` }))
    say({ result: id, data: result.data ?? null, error: result.error && JSON.stringify(result.error) })
  }
  const start = () => {
    const started = spawn(COMMAND, ["hook", "--client", "opencode", "listen"], {
      cwd: directory, stdio: ["pipe", "pipe", "ignore"], windowsHide: true,
    })
    let rest = ""
    process_ = started
    started.stdin.on("error", () => {})
    started.stdout.setEncoding("utf8").on("data", (text) => {
      const lines = (rest + text).split("\n")
      rest = lines.pop()
      for (const line of lines) obey(JSON.parse(line))
    })
    const end = (code) => {
      if (process_ !== started) return
      process_ = undefined
      for (const settle of waiting.values()) settle()
      // It ends by itself where there is nothing for it to do.
      if (code !== 0 && !isOver) setTimeout(start, Math.min(60_000, 1000 * 2 ** starts++)).unref?.()
    }
    started.on("error", end).on("exit", end).unref()
    say({ begin: { directory, sessions: [...sessions] } })
  }
  start()

  return {
    dispose: async () => {
      isOver = true
      process_?.stdin.end()
    },
    config: async (config) => {
      config.mcp ??= {}
      config.mcp.cc2cc ??= {
        type: "local", command: [COMMAND, "mcp"], environment: { CC2CC_CLIENT: "opencode" }, enabled: true,
      }
    },
    event: async ({ event }) => {
      if (!isTold(event.type)) return
      if (event.type === "session.created") sessions.add(event.properties.info.id)
      say({ event: event.type, data: event.properties })
    },
    "chat.message": async ({ sessionID }, { message, parts }) => {
      sessions.add(sessionID)
      const written = parts.filter((part) => !part.synthetic && !isOurs(part))
      const words = written.map((part) => part.text ?? "").join("\n").slice(0, 2000)
      const { agent, model, id } = message
      const told = { session: sessionID, agent, model, words, typed: written.length > 0 }
      if (parts.some(isOurs)) return say({ event: "wake", data: told })
      const added = (await ask("prompt", told)) ?? []
      parts.push(...added.map((part) => ({ ...part, type: "text", synthetic: true, sessionID, messageID: id })))
    },
    "experimental.chat.system.transform": async ({ sessionID }, { system }) => {
      const line = sessionID && (await ask("system", { session: sessionID }))
      if (line) system.push(line)
    },
    "tool.execute.before": async ({ tool, sessionID }, { args }) => {
      if (!tool.startsWith(OUR_TOOL)) return
      args.cc2cc_session = (await ask("caller", { session: sessionID })) ?? ""
    },
    "shell.env": async ({ sessionID }, { env }) => {
      if (sessionID) Object.assign(env, await ask("shell", { session: sessionID }))
    },
  }
}

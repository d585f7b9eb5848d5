// What the window gives the page, over HTTP: window.go calls the verbs, and
// window.runtime has the events and the few things of a desktop that a browser
// can do. A failure rejects with the JSON text of a Problem, as in the window.
(() => {
  'use strict'

  const listeners = new Map() // name of an event -> Set of {callback, left}
  let source = null // the stream of events in use

  const problem = (kind, message, hint) => JSON.stringify({ kind, message, hint })

  const lost = (closed) => ({
    kind: 'unavailable',
    message: 'The connection to SandBoxLabs is lost.',
    hint: closed
      ? 'Run sandboxlabs token link, or sandboxlabs serve if that has ended, and open the address it prints.'
      : 'Connecting again. If it stays so, see whether sandboxlabs serve still runs.',
  })

  async function call(verb, args) {
    let response
    try {
      response = await fetch(`/rpc/${verb}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(args),
      })
    } catch {
      throw JSON.stringify(lost(false))
    }
    const text = await response.text()
    if (!response.ok) throw text
    return JSON.parse(text)
  }

  // The browser connects again by itself, and the server begins every stream
  // with a snapshot, so that nothing is missed.
  function subscribe() {
    source?.close()
    const stream = (source = new EventSource('/events'))
    return new Promise((resolve) => {
      stream.onmessage = ({ data }) => {
        const event = JSON.parse(data)
        emit('event', event)
        resolve(event)
      }
      stream.onerror = () => {
        const closed = stream.readyState === EventSource.CLOSED
        emit('event', { kind: 'link', link: { connected: false, uri: '', problem: lost(closed) } })
      }
    })
  }

  async function pickFile() {
    throw problem('unavailable', 'A browser can not say where a file is.', 'Type the path of the file.')
  }

  function emit(name, ...data) {
    for (const listener of [...(listeners.get(name) ?? [])]) {
      if (listener.left > 0 && --listener.left === 0) listeners.get(name)?.delete(listener)
      listener.callback(...data)
    }
  }

  function on(name, callback, left) {
    const listener = { callback, left }
    if (!listeners.has(name)) listeners.set(name, new Set())
    listeners.get(name).add(listener)
    return () => listeners.get(name)?.delete(listener)
  }

  const own = { Subscribe: subscribe, PickFile: pickFile }
  const verbs = new Proxy(own, {
    get: (_, verb) => own[verb] ?? ((...args) => call(verb, args)),
  })

  window.go = { app: { App: verbs } }
  window.runtime = {
    EventsOn: (name, callback) => on(name, callback, -1),
    EventsOnce: (name, callback) => on(name, callback, 1),
    EventsOnMultiple: on,
    EventsOff: (...names) => names.forEach((name) => listeners.delete(name)),
    EventsOffAll: () => listeners.clear(),
    EventsEmit: emit,
    Environment: async () => ({ buildType: 'production', platform: 'browser', arch: '' }),
    ClipboardGetText: () => navigator.clipboard.readText(),
    ClipboardSetText: (text) => navigator.clipboard.writeText(text).then(() => true, () => false),
    BrowserOpenURL: (url) => window.open(url, '_blank', 'noopener'),
    WindowReload: () => location.reload(),
    WindowSetTitle: (title) => { document.title = title },
    WindowFullscreen: () => document.documentElement.requestFullscreen(),
    WindowUnfullscreen: () => document.exitFullscreen(),
    WindowIsFullscreen: async () => document.fullscreenElement !== null,
  }
})()

// The pictures of the fake guests.

/** A guest's screen of text, another each second. */
async function screenshot(name: string): Promise<Response> {
  const canvas = new OffscreenCanvas(320, 240);
  const pen = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  pen.fillRect(0, 0, 320, 240);
  pen.fillStyle = '#b8c4b8';
  pen.font = '9px monospace';
  const lines = ['Welcome to the tiny lab image.', '', `${name} login: root`, `${name}:~# uptime`];
  lines.push(` ${new Date().toLocaleTimeString('en-GB')} up 7 min, load average: 0.08`, `${name}:~# _`);
  lines.forEach((line, n) => pen.fillText(line, 6, 14 + n * 11));
  return new Response(await canvas.convertToBlob());
}

/** Answers for the addresses of pictures; `nameOf` gives the name of a node. */
export function serveScreenshots(nameOf: (id: string) => string): void {
  const { fetch } = window;
  window.fetch = (address, options) => {
    const id = /^\/screenshot\/([^?]*)/.exec(String(address))?.[1];
    return id ? screenshot(nameOf(id)) : fetch(address, options);
  };
}

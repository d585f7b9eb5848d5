// Files on their way to the program.

/**
 * Sends a file, tells how far that is, from 0 to 1, and gives its path on the other side. By
 * XMLHttpRequest: fetch does not tell how far a body has gone.
 */
export function send(file: File, tell: (part: number) => void, stop: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    stop.throwIfAborted();
    const request = new XMLHttpRequest();
    stop.addEventListener('abort', () => request.abort());
    request.onabort = () => reject(new Error(`${file.name} was not sent.`));
    tell(0);
    request.open('POST', `/upload?name=${encodeURIComponent(file.name)}`);
    request.upload.onprogress = ({ loaded, total }) => tell(total ? loaded / total : 0);
    request.onload = () => {
      if (request.status === 200) resolve((JSON.parse(request.responseText) as { path: string }).path);
      else reject(new Error(request.responseText));
    };
    request.onerror = () => reject(new Error(`${file.name} could not be sent to SandBoxLabs.`));
    request.send(file);
  });
}

/** The content in base64. */
export function base64(content: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error ?? new Error('The picture can not be read.'));
    reader.onload = () => resolve(String(reader.result).split(',')[1] ?? '');
    reader.readAsDataURL(content);
  });
}

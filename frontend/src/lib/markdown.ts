// Notes in Markdown. HTML in them is shown as it is written, and an image as the link to it:
// what somebody wrote about a node loads nothing and runs nothing.

/** As HTML; the parser is loaded when it is first needed. */
export async function render(text: string): Promise<string> {
  const [{ micromark }, { gfm, gfmHtml }] = await Promise.all([
    import('micromark'),
    import('micromark-extension-gfm'),
  ]);
  return micromark(text, {
    extensions: [gfm(), { disable: { null: ['labelStartImage', 'htmlFlow', 'htmlText'] } }],
    htmlExtensions: [gfmHtml()],
  });
}

/** The address of a link in notes, if it is one that may be opened. */
export const linkOf = (href: string | null): string | undefined =>
  href && /^(https?:\/\/|mailto:)/i.test(href) ? href : undefined;

import { accentOf } from '../lib/accent';
import * as api from '../lib/api';
import { setZoom } from '../lib/pixels';
import { onScheme, scheme } from '../lib/scheme';

const contrast = matchMedia('(prefers-contrast: more)');

/** The looks of the desktop, beyond what media queries tell: the accent colour, and the size of text. */
class Look {
  #accent = '';

  /** Follows the desktop, now and from now on. */
  async begin(): Promise<void> {
    onScheme(() => this.#paint());
    contrast.addEventListener('change', () => this.#paint());
    await api.onAppearance(({ accent, zoom }) => {
      this.#accent = accent;
      this.#paint();
      setZoom(zoom);
    });
  }

  /** Sets the tokens of app.css that follow the accent. Who wants more contrast has colours for that. */
  #paint(): void {
    const { style } = document.documentElement;
    const tokens = contrast.matches ? undefined : accentOf(this.#accent, scheme());
    const values = {
      '--accent': tokens?.accent,
      '--accent-hover': tokens?.accentHover,
      '--on-accent': tokens?.onAccent,
      '--focus': tokens?.focus,
    };
    for (const [name, value] of Object.entries(values))
      if (value) style.setProperty(name, value);
      else style.removeProperty(name);
  }
}

export const appearance = new Look();

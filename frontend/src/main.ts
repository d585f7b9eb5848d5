import { mount } from 'svelte';
import './app.css';
import { onChosen } from './lib/api';
import { chooseScheme } from './lib/scheme';
import { speak } from './lib/words';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
// backend/page puts in what was chosen, and what the desktop speaks where the program knows that better.
const { language = '', desktopLanguage = '', scheme = '' } = document.documentElement.dataset;
chooseScheme(scheme);
// Tables of texts are filled when their module is loaded, so the language comes before all of them.
document.documentElement.lang = await speak([language, desktopLanguage, ...navigator.languages]);
onChosen((now) => {
  chooseScheme(now.scheme);
  if (now.language !== language) location.reload();
});
const [{ default: App }, { mishaps }] = await Promise.all([
  import('./routes/App.svelte'),
  import('./stores/mishaps'),
]);
mishaps.watch(window);
target.replaceChildren();
mount(App, { target });

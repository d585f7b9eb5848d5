import { mount } from 'svelte';
import './app.css';
import { chosen, desktopLanguage, onChosen } from './lib/api';
import { chooseScheme } from './lib/scheme';
import { speak } from './lib/words';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
chooseScheme(''); // until it is known: nothing is to flash
// Tables of texts are filled when their module is loaded, so the language comes before all of them.
const [{ language, scheme }, wished] = await Promise.all([chosen(), desktopLanguage()]);
chooseScheme(scheme);
document.documentElement.lang = await speak([language, wished, ...navigator.languages]);
onChosen((now) => {
  chooseScheme(now.scheme);
  if (now.language !== language) location.reload();
});
const [{ default: App }, { mishaps }] = await Promise.all([
  import('./routes/App.svelte'),
  import('./stores/mishaps'),
]);
mishaps.watch(window);
mount(App, { target });

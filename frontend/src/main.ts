import { mount } from 'svelte';
import './app.css';
import { language, onLanguage } from './lib/api';
import { speak } from './lib/words';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
// Tables of texts are filled when their module is loaded, so the language comes before all of them.
const set = await language();
document.documentElement.lang = await speak([set, ...navigator.languages]);
onLanguage(set, () => location.reload());
const { default: App } = await import('./routes/App.svelte');
const { mishaps } = await import('./stores/mishaps');
mishaps.watch(window);
mount(App, { target });

import { render } from 'preact';
import { App } from './app.tsx';
import { applyTheme } from './parts/settings.tsx';
import { prefs } from './session/prefs.ts';
import './styles/main.css';

applyTheme();
prefs.watch(applyTheme);
const root = document.getElementById('app');
if (root)
	render(<App />, root);

// The web terminal begins here: takes up the login that is kept, and draws the app.
import { render } from 'preact';
import './style/base.css';
import './style/app.css';
import './style/terminal.css';
import { App } from './app.tsx';
import { resumeLogin } from './relay/account.ts';
import { followViewport } from './ui/viewport.ts';

followViewport();
resumeLogin();
render(<App />, document.getElementById('app') as HTMLElement);

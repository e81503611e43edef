import type { UserClaims } from 'countersign/session';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
/** Claims are somebody else's words. */
const escaped = (text: unknown): string => String(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const STYLE = `
  :root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
  body { max-width: 36rem; margin: 3rem auto; padding: 0 1rem }
  button, input { font: inherit; padding: 0.3rem 0.7rem }
  li { margin: 0.3rem 0 }
  li button { margin-left: 1rem }
  [role=alert] { color: #c33 }
`;

/** The one page, as rendered for somebody, or for nobody. */
export const startPage = (user: UserClaims | undefined): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Todos</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<h1>Todos</h1>
${user ? signedIn(user) : '<p>Nobody is signed in.</p><p><a href="/session/login?returnTo=/">Sign in</a></p>'}
</body>
</html>
`;

const signedIn = ({ sub, name, email }: UserClaims): string => `<p>Hello, ${escaped(name ?? email ?? sub)}.</p>
<ul id="todos" aria-label="Todos"></ul>
<form id="add"><input name="title" aria-label="What to do" required maxlength="200"> <button>Add</button></form>
<p role="alert" id="problem"></p>
<p id="session"></p>
<p><button id="sign-out">Sign out</button></p>
<script type="module" src="/page.js"></script>`;

// The page's script: it knows no token. The cookie goes along by itself, out of any script's reach.

const [todos, add, problem, session, signOut] = ['todos', 'add', 'problem', 'session', 'sign-out'].map((id) => document.getElementById(id));

/** A call of this app. Pages of other sites cannot set the header (CSRF). */
async function call(path, { method = 'GET', body } = {}) {
  const headers = { 'X-CSRF': '1', ...(body && { 'Content-Type': 'application/json' }) };
  const response = await fetch(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (response.status === 401) {
    location.reload(); // signed out elsewhere: the page for nobody has a link to sign in
    return new Promise(() => undefined);
  }
  const content = response.headers.get('content-type')?.includes('json') ? await response.json() : undefined;
  if (!response.ok) throw new Error(content?.message ?? content?.title ?? `The answer was ${response.status}.`);
  return content;
}

/** What somebody does on the page, and what went wrong with it. */
async function attempt(work) {
  problem.textContent = '';
  await work().catch((error) => (problem.textContent = error.message));
}

async function show() {
  todos.replaceChildren(...(await call('/api/todos')).map(item));
}

function item({ id, title }) {
  const done = Object.assign(document.createElement('button'), { textContent: 'Done', ariaLabel: `Done: ${title}` });
  done.addEventListener('click', () =>
    attempt(async () => {
      await call(`/api/todos/${id}`, { method: 'DELETE' });
      await show();
    }),
  );
  const line = document.createElement('li');
  line.append(title, done);
  return line;
}

add.addEventListener('submit', (event) => {
  event.preventDefault();
  void attempt(async () => {
    await call('/api/todos', { method: 'POST', body: { title: add.elements.title.value } });
    add.reset();
    await show();
  });
});

signOut.addEventListener('click', () =>
  attempt(async () => {
    const { signOutUrl } = await call('/session/logout', { method: 'POST' });
    location.assign(signOutUrl); // signed out here; the provider signs out there, and comes back
  }),
);

void attempt(async () => {
  const { expiresAt } = await call('/session');
  session.textContent = `Signed in until ${new Date(expiresAt).toLocaleString()} at most.`;
  await show();
});

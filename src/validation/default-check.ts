/**
 * The check of guards that name none, where the application they run in decides for all of them. `IssuanceModule` provides it, as its operator
 * chooses; an API of its own has none, and `signature` is the default.
 */
export class DefaultCheck {
  constructor(readonly check: 'signature' | 'entry') {}
}

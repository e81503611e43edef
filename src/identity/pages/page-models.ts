/** A form: where it goes, and the hidden fields it carries. */
export interface PageForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What went wrong with the form before this page, as a key of the texts. `seconds`: when to try again. */
export interface PageProblem {
  readonly code: string;
  readonly seconds?: number;
}

/** A permission, in the words of the person. */
export interface PageScope {
  readonly name: string;
  /** The operator's own words; undefined: those of the texts, if the scope is a standard one, else its name. */
  readonly description?: string;
  /** The person has allowed others to the same app before, and not this one. */
  readonly isNew?: true;
}

export interface PageSession {
  readonly id: string;
  /** The app that signed in by itself; undefined: a browser. */
  readonly appName?: string;
  readonly userAgent?: string;
  readonly address?: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly current: boolean;
}

export interface PageApp {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly PageScope[];
  readonly grantedAt: Date;
  readonly lastUsedAt?: Date;
}

/** Every page, and what it shows. Fields that people fill in, and buttons, have the names that are given here. */
export interface PageModels {
  /** Fields `email`, `password`. */
  readonly 'sign-in': {
    readonly form: PageForm;
    /** Whom the person wants to sign in to; undefined: the service itself. */
    readonly appName?: string;
    readonly email?: string;
    readonly problem?: PageProblem;
    /** Undefined: nobody can register. */
    readonly registerHref?: string;
  };
  /** Fields `email`, `password`, `displayName`. */
  readonly register: {
    readonly form: PageForm;
    readonly appName?: string;
    readonly email?: string;
    readonly displayName?: string;
    readonly problem?: PageProblem;
    readonly passwordMinLength: number;
    readonly signInHref: string;
  };
  /** Button `decision`: `continue` or `other`. */
  readonly 'select-account': { readonly form: PageForm; readonly appName?: string; readonly account: string };
  /** Button `decision`: `allow` or `deny`. */
  readonly consent: {
    readonly form: PageForm;
    readonly appName: string;
    readonly account: string;
    readonly scopes: readonly PageScope[];
    /** Where the person will be sent. */
    readonly host: string;
  };
  /** Field `user_code`. */
  readonly activate: { readonly form: PageForm; readonly account: string; readonly code?: string; readonly problem?: PageProblem };
  /** Button `decision`: `allow` or `deny`. */
  readonly 'activate-confirm': {
    readonly form: PageForm;
    readonly account: string;
    readonly code: string;
    readonly appName: string;
    readonly scopes: readonly PageScope[];
  };
  /** Buttons `end` (a session's id), `end_others`, `withdraw` (a client's id). */
  readonly account: {
    readonly form: PageForm;
    readonly account: { readonly name?: string; readonly email: string };
    readonly sessions: readonly PageSession[];
    readonly apps: readonly PageApp[];
    readonly signOutHref: string;
    /** What was just done: a key of the texts. */
    readonly notice?: 'session-ended' | 'others-ended' | 'access-removed';
  };
  /** Button `decision`: `sign-out` or `stay`. */
  readonly 'sign-out': { readonly form: PageForm; readonly account: string };
  /** Something to know, and nothing to do. `code`: a key of the texts. */
  readonly message: {
    readonly code: 'error' | 'expired' | 'not-found' | 'unavailable' | 'too-many-attempts' | 'signed-out' | 'activated' | 'denied';
    /** In English, for developers: what was wrong with a request. */
    readonly detail?: string;
    /** By which the log finds it. */
    readonly correlation?: string;
    readonly seconds?: number;
    readonly href?: string;
  };
  /** An answer to an app that goes by POST (OAuth 2.0 Form Post Response Mode): sends itself, or by its button without JavaScript. */
  readonly 'form-post': { readonly form: PageForm };
}

export type PageName = keyof PageModels;

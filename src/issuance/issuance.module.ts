import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type ModuleMetadata,
  type NestModule,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import type { FastifyInstance } from 'fastify';
import { AttemptLimiter } from '../identity/attempts/attempt-limiter.js';
import { AllowedOrigins } from '../identity/allowed-origins.js';
import { FirstPartyTokens } from '../identity/first-party-tokens.js';
import { IssuerAddress } from '../identity/issuer-address.js';
import { OwnTokens } from '../identity/own-tokens.js';
import { Continuations } from '../identity/pages/continuations.js';
import { SwitchedOffPages } from '../identity/pages/switched-off-pages.js';
import { AuthorizationClients } from './authorization/authorization-clients.js';
import { AuthorizationCompletion } from './authorization/authorization-completion.js';
import { AuthorizationContinuations } from './authorization/authorization-continuations.js';
import { AuthorizationEntrance } from './authorization/authorization-entrance.js';
import { AuthorizationLimits } from './authorization/authorization-limits.js';
import { AuthorizationRequests } from './authorization/authorization-requests.js';
import { AuthorizationResponses } from './authorization/authorization-responses.js';
import { AuthorizationTickets } from './authorization/authorization-tickets.js';
import { AuthorizationWay } from './authorization/authorization-way.js';
import { PushedRequests } from './authorization/pushed-requests.js';
import { Standings } from './authorization/standings.js';
import { ClientAssertions } from './clients/client-assertions.js';
import { ClientAuthenticator } from './clients/client-authenticator.js';
import { ClientDirectory } from './clients/client-directory.js';
import { ClientKeys } from './clients/client-keys.js';
import { ClientPolicy } from './clients/client-policy.js';
import { ConfigurationWatch } from './configuration/configuration-watch.js';
import { RememberedConfiguration } from './configuration/remembered-configuration.js';
import { ActivationContinuation } from './devices/activation-continuation.js';
import { DeviceRequests } from './devices/device-requests.js';
import { UserCodeGuesses } from './devices/user-code-guesses.js';
import { AuthorizeController } from './endpoints/authorize.controller.js';
import { DeviceAuthorizationController } from './endpoints/device-authorization.controller.js';
import { EndSessionController } from './endpoints/end-session.controller.js';
import { guardEndpoints } from './endpoints/fastify-endpoints.js';
import { IntrospectController } from './endpoints/introspect.controller.js';
import { JwksController } from './endpoints/jwks.controller.js';
import { MetadataController } from './endpoints/metadata.controller.js';
import { PushedAuthorizationController } from './endpoints/pushed-authorization.controller.js';
import { RevocationsController } from './endpoints/revocations.controller.js';
import { RevokeController } from './endpoints/revoke.controller.js';
import { TokenController } from './endpoints/token.controller.js';
import { TokenLimits } from './endpoints/token-limits.js';
import { UserinfoController } from './endpoints/userinfo.controller.js';
import { ExpiredAccessTokens } from './first-party/expired-access-tokens.js';
import { FirstPartyClient } from './first-party/first-party-client.js';
import { FirstPartyOrigins } from './first-party/first-party-origins.js';
import { IssuedFirstPartyTokens } from './first-party/issued-first-party-tokens.js';
import { IssuedOwnTokens } from './first-party/issued-own-tokens.js';
import { PresentedTokensOfApp } from './first-party/presented-tokens-of-app.js';
import { BUILTIN_GRANTS } from './grants/builtin.js';
import { GrantTypes } from './grants/grant-types.js';
import type { GrantHandler } from './grants/grant.js';
import { IssuanceEvents } from './issuance-events.js';
import { IssuanceLifecycle } from './issuance-lifecycle.js';
import { resolveIssuanceOptions, type IssuanceOptions, type ResolvedIssuanceOptions } from './issuance.options.js';
import { GRANT_HANDLERS, ISSUANCE_OPTIONS } from './issuance.tokens.js';
import { KeyRing } from './keys/key-ring.js';
import { KeyRotation } from './keys/key-rotation.js';
import { MasterKey } from './keys/master-key.js';
import { SealedTickets } from './keys/sealed-tickets.js';
import { BackchannelLogout } from './logout/backchannel-logout.js';
import { LogoutDelivery } from './logout/logout-delivery.js';
import { LogoutTokens } from './logout/logout-tokens.js';
import { SignOutRequests } from './logout/sign-out-requests.js';
import { SigningOut } from './logout/signing-out.js';
import { TokenMaintenance } from './maintenance/token-maintenance.js';
import { ActivateConfirmPageController } from './pages/activate-confirm-page.controller.js';
import { ActivatePageController } from './pages/activate-page.controller.js';
import { ActivationPages } from './pages/activation-pages.js';
import { ConsentController } from './pages/consent.controller.js';
import { ContinueController } from './pages/continue.controller.js';
import { SelectAccountController } from './pages/select-account.controller.js';
import { SignOutPageController } from './pages/sign-out-page.controller.js';
import { Visits } from './pages/visits.js';
import { switchedOffPaths } from './pages/switched-off-paths.js';
import { FeedPolls } from './revocations/feed-polls.js';
import { FeedSnapshots } from './revocations/feed-snapshots.js';
import { FeedStreams } from './revocations/feed-streams.js';
import { FollowerAdmission } from './revocations/follower-admission.js';
import { Followers } from './revocations/followers.js';
import { RevocationHub } from './revocations/revocation-hub.js';
import { AccessJwt } from './tokens/access-jwt.js';
import { AccessTokenMinter } from './tokens/access-token-minter.js';
import { AuthorizationCodes } from './tokens/authorization-codes.js';
import { ChainRefresh } from './tokens/chain-refresh.js';
import { ChainRotation } from './tokens/chain-rotation.js';
import { ChainStart } from './tokens/chain-start.js';
import { CodeRedemption } from './tokens/code-redemption.js';
import { Endings } from './tokens/endings.js';
import { EntryTokenIssuer } from './tokens/entry-token-issuer.js';
import { FurtherAccessTokens } from './tokens/further-access-tokens.js';
import { IdTokenHints } from './tokens/id-token-hints.js';
import { IdTokens } from './tokens/id-tokens.js';
import { ClientJwts } from './tokens/client-jwts.js';
import { IntrospectionJwt } from './tokens/introspection-jwt.js';
import { MachineTokens } from './tokens/machine-tokens.js';
import { PresentedCodes } from './tokens/presented-codes.js';
import { PresentedTokens } from './tokens/presented-tokens.js';
import { RefreshEnvelope } from './tokens/refresh-envelope.js';
import { RefreshTokenWriter } from './tokens/refresh-token-writer.js';
import { RefusedLinks } from './tokens/refused-links.js';
import { RotatedTokens } from './tokens/rotated-tokens.js';
import { StatelessRefreshTokens } from './tokens/stateless-refresh-tokens.js';
import { StatelessTokenIssuer } from './tokens/stateless-token-issuer.js';
import { TokenIssuer } from './tokens/token-issuer.js';
import { TokenReader } from './tokens/token-reader.js';
import { TokenRevoker } from './tokens/token-revoker.js';
import { DefaultCheck } from '../validation/default-check.js';

/** What is fixed when the module is declared, beside its options. */
export interface IssuanceModuleExtras {
  /** Further grant types; each is a provider. */
  readonly grants?: readonly Type<GrantHandler>[];
  /** Modules that provide what the grants need. */
  readonly imports?: ModuleMetadata['imports'];
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<IssuanceOptions>()
  .setClassMethodName('forRoot')
  .setExtras<IssuanceModuleExtras>({ grants: [], imports: [] }, withExtras)
  .build();

/**
 * The authorization server: approved request in, tokens out. Needs the storage ports and Clock (`PostgresStorageModule`), and who the people are
 * (`IdentityModule`). For Fastify hosts.
 */
@Module({
  imports: [JwtModule.register({})],
  controllers: [
    ...[TokenController, IntrospectController, RevokeController, UserinfoController, JwksController, MetadataController],
    ...[AuthorizeController, PushedAuthorizationController, ContinueController, SelectAccountController, ConsentController],
    ...[EndSessionController, SignOutPageController],
    RevocationsController,
    ...[DeviceAuthorizationController, ActivatePageController, ActivateConfirmPageController],
  ],
  providers: [
    { provide: ISSUANCE_OPTIONS, useFactory: resolveIssuanceOptions, inject: [MODULE_OPTIONS_TOKEN] },
    { provide: MasterKey, useFactory: ({ masterKey }: ResolvedIssuanceOptions) => new MasterKey(masterKey), inject: [ISSUANCE_OPTIONS] },
    ...[KeyRing, KeyRotation, SealedTickets, TokenMaintenance, IssuanceLifecycle, IssuanceEvents, AttemptLimiter],
    ...[ConfigurationWatch, RememberedConfiguration],
    ...[ClientAuthenticator, ClientAssertions, ClientKeys, ClientDirectory, ClientPolicy, GrantTypes, TokenLimits],
    ...[AuthorizationClients, AuthorizationRequests, AuthorizationLimits, AuthorizationTickets, AuthorizationResponses],
    ...[AuthorizationEntrance, PushedRequests, Standings, AuthorizationWay, AuthorizationCompletion, Visits],
    ...[
      AccessJwt,
      AccessTokenMinter,
      RefreshEnvelope,
      RefreshTokenWriter,
      PresentedTokens,
      TokenReader,
      TokenRevoker,
      Endings,
      ClientJwts,
      IntrospectionJwt,
    ],
    ...[MachineTokens, ChainStart, ChainRefresh, ChainRotation, RotatedTokens, FurtherAccessTokens, RefusedLinks],
    ...[AuthorizationCodes, PresentedCodes, CodeRedemption, IdTokens, IdTokenHints],
    ...[DeviceRequests, UserCodeGuesses, ActivationContinuation, ActivationPages],
    ...[EntryTokenIssuer, StatelessTokenIssuer, StatelessRefreshTokens],
    ...[FirstPartyClient, ExpiredAccessTokens, PresentedTokensOfApp],
    ...[RevocationHub, FeedPolls, FeedSnapshots, FeedStreams, FollowerAdmission, Followers],
    ...[SignOutRequests, SigningOut, BackchannelLogout, LogoutDelivery, LogoutTokens],
    {
      provide: TokenIssuer,
      inject: [ISSUANCE_OPTIONS, EntryTokenIssuer, StatelessTokenIssuer],
      useFactory: ({ tokenStorage }: ResolvedIssuanceOptions, withEntries: TokenIssuer, stateless: TokenIssuer) =>
        tokenStorage ? withEntries : stateless,
    },
    { provide: FirstPartyTokens, useClass: IssuedFirstPartyTokens },
    { provide: OwnTokens, useClass: IssuedOwnTokens },
    {
      provide: DefaultCheck,
      useFactory: ({ tokenEntryValidation }: ResolvedIssuanceOptions) => new DefaultCheck(tokenEntryValidation ? 'entry' : 'signature'),
      inject: [ISSUANCE_OPTIONS],
    },
    { provide: Continuations, useClass: AuthorizationContinuations },
    { provide: IssuerAddress, useFactory: ({ issuer }: ResolvedIssuanceOptions) => new IssuerAddress(issuer), inject: [ISSUANCE_OPTIONS] },
    { provide: AllowedOrigins, useClass: FirstPartyOrigins },
  ],
  exports: [
    ...[ISSUANCE_OPTIONS, FirstPartyTokens, OwnTokens, AllowedOrigins, IssuerAddress, Continuations, DefaultCheck],
    ...[TokenIssuer, TokenReader, TokenRevoker, Endings, IssuanceEvents, Followers],
    ...[KeyRing, KeyRotation, SealedTickets, TokenMaintenance, ClientDirectory, ClientPolicy, FirstPartyClient],
  ],
})
export class IssuanceModule extends ConfigurableModuleClass implements NestModule {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly clients: ClientDirectory,
    private readonly switchedOffPages: SwitchedOffPages,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {
    super();
  }

  /** Nest calls this before it registers routes, and only where there is HTTP. */
  configure(): void {
    const adapter = this.host.httpAdapter;
    if (adapter.getType() !== 'fastify') throw new Error('IssuanceModule answers on Fastify hosts only: use @nestjs/platform-fastify.');
    this.switchedOffPages.add(switchedOffPaths(this.options));
    guardEndpoints(adapter.getInstance<FastifyInstance>(), this.options, (origin) => this.clients.anyAllows(origin));
  }
}

function withExtras(definition: DynamicModule, { grants = [], imports = [] }: IssuanceModuleExtras): DynamicModule {
  const handlers = [...BUILTIN_GRANTS, ...grants];
  return {
    ...definition,
    global: true,
    imports: [...new Set([...(definition.imports ?? []), ...(imports ?? [])])],
    providers: [
      ...(definition.providers ?? []),
      ...handlers,
      { provide: GRANT_HANDLERS, useFactory: (...all: GrantHandler[]) => all, inject: handlers },
    ],
  };
}

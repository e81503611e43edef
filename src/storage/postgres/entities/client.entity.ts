import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ClientAuthenticationMethod, ClientPermissions, ClientSettings, ClientType } from '../../client.store.js';

@Entity('client')
export class ClientEntity {
  @PrimaryColumn('text') id!: string;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'disabled_at', nullable: true }) disabledAt!: Date | null;
  @Column('int') epoch!: number;
  @Column('uuid', { name: 'standing_authorization_id' }) standingAuthorizationId!: string;
  @Column('text', { name: 'display_name' }) displayName!: string;
  @Column('text') type!: ClientType;
  @Column('text', { name: 'authentication_method' }) authenticationMethod!: ClientAuthenticationMethod;
  @Column('jsonb') permissions!: ClientPermissions;
  @Column('text', { name: 'redirect_uris', array: true }) redirectUris!: string[];
  @Column('text', { name: 'post_logout_redirect_uris', array: true }) postLogoutRedirectUris!: string[];
  @Column('text', { name: 'allowed_origins', array: true }) allowedOrigins!: string[];
  @Column('text', { name: 'default_resource', nullable: true }) defaultResource!: string | null;
  @Column('jsonb') settings!: ClientSettings;
  @Column('jsonb', { nullable: true }) jwks!: object | null;
  @Column('text', { name: 'jwks_uri', nullable: true }) jwksUri!: string | null;
  @Column('text', { name: 'backchannel_logout_uri', nullable: true }) backchannelLogoutUri!: string | null;
}

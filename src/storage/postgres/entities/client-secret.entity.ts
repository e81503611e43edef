import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('client_secret')
export class ClientSecretEntity {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') client!: string;
  /** SHA-256 of the secret. */
  @Column('bytea') hash!: Buffer;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'expires_at', nullable: true }) expiresAt!: Date | null;
}

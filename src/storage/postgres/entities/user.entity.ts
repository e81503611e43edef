import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('users')
export class UserEntity {
  @PrimaryColumn('uuid') id!: string;
  @Column('timestamptz', { name: 'created_at' }) createdAt!: Date;
  @Column('timestamptz', { name: 'disabled_at', nullable: true }) disabledAt!: Date | null;
  @Column('int', { name: 'credential_version' }) credentialVersion!: number;
  @Column('boolean', { name: 'email_verified' }) emailVerified!: boolean;
  @Column('text') email!: string;
  @Column('text', { name: 'display_name', nullable: true }) displayName!: string | null;
  @Column('text', { array: true }) roles!: string[];
  @Column('jsonb') claims!: object;
}

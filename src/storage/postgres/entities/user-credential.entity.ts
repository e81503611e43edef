import { Column, Entity, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { UserEntity } from './user.entity.js';

@Entity('user_credential')
export class UserCredentialEntity {
  @PrimaryColumn('uuid', { name: 'user_id' }) userId!: string;
  @Column('timestamptz', { name: 'changed_at' }) changedAt!: Date;
  /** Argon2id, PHC string. */
  @Column('text', { name: 'password_hash' }) passwordHash!: string;
  @OneToOne(() => UserEntity) @JoinColumn({ name: 'user_id' }) user!: Relation<UserEntity>;
}

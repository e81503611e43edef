import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('scope')
export class ScopeEntity {
  @PrimaryColumn('text') name!: string;
  @Column('text', { nullable: true }) description!: string | null;
  @Column('text', { array: true }) resources!: string[];
}

import { z } from 'zod';
import { isAddressPattern } from '../addresses.ts';
import { notEmpty, secret, secretFile, text } from './fields.ts';

const pattern = (what: string): z.ZodString => notEmpty(`write ${what}; * stands for any characters`);

const adoptFilter = z
  .strictObject({
    name: pattern('the name that the camera tells, such as Gate*').meta({ title: 'Name' }).optional(),
    model: pattern('the model that the camera tells in discovery, such as DS-2CD*').meta({ title: 'Model' }).optional(),
    address: text(isAddressPattern, 'write an address, a network such as 192.168.1.0/24, or 192.168.1.*')
      .meta({ title: 'Address', description: 'An address, a network (CIDR), or an address with `*` in it.' })
      .optional(),
  })
  .meta({ title: 'Filter', description: 'All keys of it must fit. `*` stands for any characters; case does not count.' });

export const discovery = z
  .strictObject({
    enabled: z.boolean({ error: 'write true or false' }).default(true).meta({
      title: 'Enabled',
      description:
        'Finds cameras by WS-Discovery as long as the gateway runs: shows those that are not in the config, and follows those of the config to other addresses.',
    }),
    adopt: z
      .union([z.enum(['none', 'all']), z.array(adoptFilter).min(1, { error: 'write a filter, or none' })], {
        error: 'write none, all, or a list of filters on name, model and address',
      })
      .default('none')
      .meta({ title: 'Adopt', description: 'Which of the cameras that are found are served without standing under `cameras`.' }),
    username: notEmpty('write the user name at the cameras')
      .meta({ title: 'User name', description: 'At adopted cameras.' })
      .optional(),
    password: secret('the password at adopted cameras').optional(),
    password_file: secretFile('that password').optional(),
    interfaces: z
      .array(notEmpty('write the name or an address of an interface, such as eth1'))
      .min(1, { error: 'write the name of an interface, or leave the key out for all' })
      .meta({ title: 'Interfaces', description: 'Names or addresses of the interfaces that are searched. Absent: all.' })
      .optional(),
  })
  .meta({ title: 'Discovery' });

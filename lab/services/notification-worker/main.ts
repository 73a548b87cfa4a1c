import { runWorker } from '../shared/worker.ts';

runWorker((service) => ({
  title: 'notification worker',
  tag: '[NotificationWorker]',
  groupId: 'notification-workers',
  handlers: {
    NOTIFICATION_REQUESTED: async (event) => {
      const { correlationId, eventId, payload } = event;
      service.log.info('Notification sent', { correlationId, eventId, template: payload.template });
      await service.marks.mark(event);
    },
  },
}));

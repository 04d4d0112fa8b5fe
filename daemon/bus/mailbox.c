#include "bus/mailbox.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mailbox_init(struct mailbox *box)
{
	*box = (struct mailbox){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	pthread_mutex_init(&box->lock, NULL);
	return box->fd < 0 ? -errno : 0;
}

void mailbox_deinit(struct mailbox *box)
{
	if (box->fd >= 0)
		close(box->fd);
	auth_clients_unref(box->mail.clients);
	pthread_mutex_destroy(&box->lock);
}

void mailbox_put(struct mailbox *box, const struct mail *mail)
{
	pthread_mutex_lock(&box->lock);
	if (box->mail.clients != mail->clients) {
		auth_clients_unref(box->mail.clients);
		auth_clients_ref(mail->clients);
	}
	box->mail = *mail;
	pthread_mutex_unlock(&box->lock);
	eventfd_write(box->fd, 1);
}

struct mail mailbox_take(struct mailbox *box)
{
	eventfd_t count;

	eventfd_read(box->fd, &count);
	pthread_mutex_lock(&box->lock);
	struct mail mail = box->mail;
	auth_clients_ref(mail.clients);
	pthread_mutex_unlock(&box->lock);
	return mail;
}

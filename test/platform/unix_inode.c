/*
 * unix_inode: a judged AF_UNIX name stays judged. The name is opened with O_PATH,
 * and /proc/self/fd/N is connected to: that reaches the very inode, whatever
 * happens to the name in between.
 */
#include "platform.h"

#include <sys/stat.h>
#include <sys/un.h>

static struct sockaddr_un name(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	return sa;
}

static int server(const char *path)
{
	struct sockaddr_un sa = name(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(!bind(fd, (struct sockaddr *)&sa, sizeof(sa)) && !listen(fd, 4));
	return fd;
}

static int connect_to(const char *path)
{
	struct sockaddr_un sa = name(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : fd;
}

int main(void)
{
	char dir[] = "/tmp/unix-inode-XXXXXX", path[64];
	struct sockaddr_un sa;
	socklen_t len = sizeof(sa);
	int first, second, held, c;

	must(mkdtemp(dir) && !chdir(dir));
	first = server("judged");
	held = open("judged", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	must(held >= 0);
	/* The program swaps the name for another server. */
	second = server("other");
	must(!rename("other", "judged"));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	c = connect_to(path);
	must(c >= 0);
	must(fcntl(first, F_SETFL, O_NONBLOCK) == 0 && fcntl(second, F_SETFL, O_NONBLOCK) == 0);
	must(accept(first, NULL, NULL) >= 0 && accept(second, NULL, NULL) == -1);
	proved("connect to /proc/self/fd/N of an O_PATH descriptor reaches the inode that was "
	       "opened, though the name means another by now");
	must(!getpeername(c, (struct sockaddr *)&sa, &len) && !strcmp(sa.sun_path, "judged"));
	proved("getpeername still says the name that the server bound");
	must(connect_to("judged") >= 0 && accept(second, NULL, NULL) >= 0);
	must(!unlink("judged"));
	c = connect_to(path);
	must(c >= 0);
	proved("it works for an unlinked name too");
	must(!symlink("nowhere", "judged"));
	c = open("judged", O_PATH | O_NOFOLLOW);
	must(c >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", c);
	must(connect_to(path) == -ECONNREFUSED || connect_to(path) == -ELOOP);
	proved("an O_PATH descriptor of a symbolic link connects to nothing");
	unlink("judged");
	must(!chdir("/") && !rmdir(dir));
	return 0;
}

#include "load_rtp_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

enum { PAYLOAD = 8, ALL = 0x40000 };    /* a UDP socket's filter sees the UDP header first */

int load_rtp_filter_attach(int udp_socket)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, PAYLOAD),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 128, 0, 4),         /* below: STUN, DTLS */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 192, 3, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, PAYLOAD + 1),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 224, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 192, 0, 1),         /* 192…223: RTCP */
		BPF_STMT(BPF_RET | BPF_K, ALL),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };
	return setsockopt(udp_socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) ? -errno : 0;
}

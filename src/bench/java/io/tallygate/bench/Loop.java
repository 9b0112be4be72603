package io.tallygate.bench;

import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;

/**
 * One event loop: neither mock nor client is to use more than a core.
 *
 * @param group of the one
 * @param socket of an outgoing connection
 * @param server of a listener
 */
record Loop(MultiThreadIoEventLoopGroup group, Class<? extends Channel> socket,
		Class<? extends ServerChannel> server) implements AutoCloseable {

	static Loop start() {
		boolean epoll = Epoll.isAvailable();
		IoHandlerFactory handlers = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
		return new Loop(new MultiThreadIoEventLoopGroup(1, handlers),
				epoll ? EpollSocketChannel.class : NioSocketChannel.class,
				epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class);
	}

	EventLoop thread() {
		return (EventLoop) this.group.next();
	}

	@Override
	public void close() {
		this.group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
	}

}

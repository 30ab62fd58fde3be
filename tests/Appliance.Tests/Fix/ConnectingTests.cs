using System.Net;
using System.Net.Sockets;
using System.Text;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>Which host is tried when, over what, and what a host that does not answer costs the others.</summary>
public class ConnectingTests
{
    [Fact]
    public void Hosts_are_tried_in_order_and_a_pause_comes_after_the_last()
    {
        var schedule = new ReconnectSchedule(10, 200, 7, hosts: 3);
        var seen = new List<(int Host, long DelayMs)>();
        for (int i = 0; i < 18; i++)
        {
            int host = schedule.Host;
            seen.Add((host, schedule.NextDelayNs() / 1_000_000));
        }
        Assert.Equal(Enumerable.Range(0, 18).Select(i => i % 3), seen.Select(s => s.Host));
        long[] pauses = [.. seen.Where(s => s.Host == 2).Select(s => s.DelayMs)];
        Assert.All(seen.Where(s => s.Host != 2), s => Assert.Equal(0, s.DelayMs));
        // Doubling from 10 ms to the bound, each with up to a half on top.
        long[] least = [10, 20, 40, 80, 160, 200];
        Assert.All(pauses.Zip(least), p => Assert.InRange(p.First, p.Second, p.Second + p.Second / 2));
    }

    [Fact]
    public void After_a_session_that_was_up_the_first_host_comes_first_and_soon()
    {
        var schedule = new ReconnectSchedule(10, 10_000, 7, hosts: 2);
        for (int i = 0; i < 9; i++) schedule.NextDelayNs();
        Assert.Equal(1, schedule.Host);
        schedule.Succeeded();
        Assert.InRange(schedule.NextDelayNs(), 10_000_000, 15_000_000);
        Assert.Equal(0, schedule.Host);
        // A host whose logon fails is passed on from like one that does not answer.
        Assert.Equal(0, schedule.NextDelayNs());
        Assert.Equal(1, schedule.Host);
    }

    [Fact]
    public void Delays_are_the_same_for_one_seed_and_differ_between_two()
    {
        long[] Draw(ulong seed)
        {
            var schedule = new ReconnectSchedule(1_000, 60_000, seed);
            return [.. Enumerable.Range(0, 20).Select(_ => schedule.NextDelayNs())];
        }
        Assert.Equal(Draw(5), Draw(5));
        Assert.Equal(20, Draw(5).Zip(Draw(6)).Count(p => p.First != p.Second));
    }

    [Theory]
    [InlineData("venue.example:4001", "venue.example", 4001)]
    [InlineData("10.0.0.1:1", "10.0.0.1", 1)]
    [InlineData("[::1]:65535", "::1", 65535)]
    [InlineData("venue.example", null, 0)]
    [InlineData(":4001", null, 0)]
    [InlineData("venue.example:0", null, 0)]
    [InlineData("venue.example:65536", null, 0)]
    [InlineData("::1:4001", null, 0)]
    [InlineData("[venue]:4001", null, 0)]
    [InlineData("a b:4001", null, 0)]
    [InlineData("a\r\nX: y:4001", null, 0)]
    public void An_endpoint_is_a_host_and_a_port(string text, string? host, int port)
    {
        Assert.Equal(host is not null, FixEndpoint.TryParse(text, out var endpoint));
        if (host is null) return;
        Assert.Equal(new FixEndpoint(host, port), endpoint);
        Assert.Equal(text, endpoint.ToString());
    }

    private static Socket Listener()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(64);
        return socket;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static int DeadPort()
    {
        using var socket = Listener();
        return PortOf(socket);
    }

    [Fact]
    public void The_session_comes_up_at_the_first_host_that_lets_it()
    {
        int dead = DeadPort();
        // The second takes connections and closes them: a gateway before a venue that is down.
        using var closing = Listener();
        int turnedAway = 0;
        var closer = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    closing.Accept().Dispose();
                    Interlocked.Increment(ref turnedAway);
                }
            }
            catch (SocketException) { }
        }) { IsBackground = true };
        closer.Start();
        using var rig = new LoopbackRig(change: o => o with { Port = dead, BackupHosts = [new("127.0.0.1", PortOf(closing)), new("127.0.0.1", o.Port)] });
        rig.Up();
        Assert.Equal(1, Volatile.Read(ref turnedAway));
        Assert.Equal((3L, 2L), (rig.Gateway.Counters.ConnectAttempts, rig.Gateway.Counters.Connects));
        Assert.StartsWith($"127.0.0.1:{dead}: ", rig.Gateway.LastConnectError, StringComparison.Ordinal);
        rig.StopAcceptor();
        rig.Until(() => !rig.Gateway.IsUp, "the loss");
        rig.StartAcceptor();
        rig.Up();
        Assert.True(Volatile.Read(ref turnedAway) >= 2, "after the loss the hosts were not tried from the first on");
    }

    /// <summary>Two sessions of one thread: one waits for an answer that never comes, and the other's messages go back and forth meanwhile.</summary>
    [Fact]
    public void A_host_that_does_not_answer_holds_up_no_other_session()
    {
        using var silent = Listener();
        using var slow = new FixOrderGateway<ArraySink.Sink, HostMonotonicClock>(new FixSessionOptions
        {
            // A proxy that takes the request and never answers it.
            Host = "127.0.0.1", Port = 1, Proxy = new("127.0.0.1", PortOf(silent)), SenderCompId = "SLOW", TargetCompId = "VENUE", ConnectTimeoutMs = 60_000,
        }, FixSamples.Instruments, new ArraySink(16).AsSink(), default, null);
        using var rig = new LoopbackRig();
        rig.Until(() =>
        {
            slow.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
            return rig.Gateway.IsUp && silent.Poll(0, SelectMode.SelectRead);
        }, "the other session's logon");
        for (int i = 0; i < 50; i++)
        {
            var order = rig.Gate.New(0, Side.Buy, 1_000_000 + i * 100, 5);
            Assert.Equal(SendResult.Sent, rig.Gateway.Send(in order));
            rig.Until(() =>
            {
                slow.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
                return rig.Sink.Executions.Count() == 2 * (i + 1);
            }, "reports");
        }
        Assert.Equal((1L, 0L, null), (slow.Counters.ConnectAttempts, slow.Counters.Connects, slow.LastConnectError));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nProxy-agent: test\r\n\r\n", null)]
    [InlineData("HTTP/1.0 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication Required")]
    [InlineData("SSH-2.0-test\r\n\r\n", "answered \"SSH-2.0-test\", which is not HTTP")]
    [InlineData("", "ended the connection without an answer")]
    public void A_proxy_is_asked_for_the_connection_and_its_refusal_is_told(string answer, string? problem)
    {
        using var proxy = Listener();
        string request = "";
        int target = 0;
        var serving = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    using var client = proxy.Accept();
                    byte[] head = new byte[1024];
                    int length = 0;
                    while (!Encoding.ASCII.GetString(head, 0, length).EndsWith("\r\n\r\n", StringComparison.Ordinal))
                    {
                        int got = client.Receive(head.AsSpan(length));
                        if (got == 0) break;
                        length += got;
                    }
                    Volatile.Write(ref request, Encoding.ASCII.GetString(head, 0, length));
                    if (answer == "") continue;
                    client.Send(Encoding.ASCII.GetBytes(answer));
                    if (problem is not null) continue;
                    using var venue = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    venue.Connect(IPAddress.Loopback, Volatile.Read(ref target));
                    var back = new Thread(() => Copy(venue, client)) { IsBackground = true };
                    back.Start();
                    Copy(client, venue);
                    venue.Shutdown(SocketShutdown.Both);
                    back.Join();
                }
            }
            catch (SocketException) { }
        }) { IsBackground = true };
        serving.Start();
        using var rig = new LoopbackRig(change: o =>
        {
            Volatile.Write(ref target, o.Port);
            return o with { Host = "localhost", Proxy = new("127.0.0.1", PortOf(proxy)) };
        });
        if (problem is null) rig.Up();
        else
        {
            rig.Until(() => rig.Gateway.LastConnectError is not null, "the refusal");
            Assert.Equal($"localhost:{target}: the proxy 127.0.0.1:{PortOf(proxy)} {problem}", rig.Gateway.LastConnectError);
        }
        Assert.Equal($"CONNECT localhost:{target} HTTP/1.1\r\nHost: localhost:{target}\r\n\r\n", Volatile.Read(ref request));

        static void Copy(Socket from, Socket to)
        {
            byte[] buffer = new byte[4096];
            try
            {
                int got;
                while ((got = from.Receive(buffer)) > 0) to.Send(buffer.AsSpan(0, got));
            }
            catch (SocketException) { }
        }
    }
}

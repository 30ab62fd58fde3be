using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Appliance.Fix;

namespace Appliance.TestKit.Conformance;

/// <summary>The same scripts with the engine on the other end: it connects to the scripted venue, an engine and a store a connection.</summary>
public sealed partial class ConformanceRunner
{
    public ScriptResult RunMirrored(ScriptFile script)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(4);
        listener.Blocking = false;
        string peer = script.Steps.Where(s => s.Action == ScriptAction.Expect).Select(s => ScriptFile.FieldOf(s.Text, 56)).OfType<string>().FirstOrDefault() ?? _peerIds[0];
        FixSessionInitiator<EchoApplication>? engine = null;
        ScriptSocket? socket = null;
        try
        {
            foreach (var step in MirroredScript.Steps(script))
            {
                string? reason;
                if (step.Action == ScriptAction.ExpectConnect)
                {
                    socket?.Dispose();
                    engine?.Dispose();
                    engine = MakeInitiator(((IPEndPoint)listener.LocalEndPoint!).Port, peer, int.Parse(step.Text, CultureInfo.InvariantCulture));
                    reason = AwaitConnection(listener, engine, out socket);
                }
                else
                {
                    reason = PerformMirrored(step, engine!, socket!);
                }
                if (reason is not null) return new ScriptResult(script.Name, $"line {step.Line}: {reason}");
            }
            return new ScriptResult(script.Name, null);
        }
        finally
        {
            socket?.Dispose();
            engine?.Dispose();
        }
    }

    private FixSessionInitiator<EchoApplication> MakeInitiator(int port, string peer, int heartbeatSeconds)
    {
        FixSessionInitiator<EchoApplication>? made = null;
        var options = new FixSessionOptions
        {
            Host = "127.0.0.1", Port = port, SenderCompId = _ownId, TargetCompId = peer, Version = _dictionaries.Version, Dictionaries = _dictionaries, HeartbeatSeconds = heartbeatSeconds,
            Validation = new FixValidationOptions { Level = FixValidation.Full }, Microseconds = false, SynchroniseAfterLogon = false, ResendApplicationMessages = true, Store = StoreOptions.OfMegabytes(1),
            ReconnectFirstMs = 60_000, ReconnectMaxMs = 3_600_000,
        };
        made = new FixSessionInitiator<EchoApplication>(options, new EchoApplication(_dictionaries, _ => new InitiatorPort(made!)));
        return made;
    }

    private string? AwaitConnection(Socket listener, FixSessionInitiator<EchoApplication> engine, out ScriptSocket? socket)
    {
        socket = null;
        // Connecting runs on a thread of its own, so this one step waits in real time.
        var until = DateTime.UtcNow.AddSeconds(30);
        while (!engine.IsConnected || socket is null)
        {
            if (DateTime.UtcNow > until) return $"the initiator does not connect: {engine.LastConnectError}";
            engine.Poll(NowNs, UtcNs);
            if (socket is null && listener.Poll(0, SelectMode.SelectRead)) socket = new ScriptSocket(listener.Accept());
            Thread.Yield();
        }
        return null;
    }

    private string? PerformMirrored(ScriptStep step, FixSessionInitiator<EchoApplication> engine, ScriptSocket socket)
    {
        switch (step.Action)
        {
            case ScriptAction.Send:
                return socket.Send(ScriptFile.Complete(step.Text, DateTime.UnixEpoch.AddTicks(UtcNs / 100))) ? null : "the connection was closed before this message could be sent";
            case ScriptAction.Expect:
                return Expect(step.Text, () => engine.Poll(NowNs, UtcNs), socket);
            case ScriptAction.ExpectDisconnect:
                return ExpectDisconnect(() => engine.Poll(NowNs, UtcNs), socket);
            default:
                socket.Dispose();
                engine.Poll(NowNs, UtcNs);
                return null;
        }
    }

    private sealed class InitiatorPort(FixSessionInitiator<EchoApplication> initiator) : IEchoPort
    {
        public FixHeaderTemplate Header => initiator.Header;
        public long UtcNs => initiator.UtcNs;
        public Span<byte> NextBuffer(out uint sequence) => initiator.NextBuffer(out sequence);
        public void Send(int length, uint type) => initiator.Send(length, type);
    }
}

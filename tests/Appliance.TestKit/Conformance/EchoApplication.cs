using System.Text;
using Appliance.Fix;

namespace Appliance.TestKit.Conformance;

/// <summary>How the echo application sends, on an acceptor or on an initiator.</summary>
public interface IEchoPort
{
    FixHeaderTemplate Header { get; }
    long UtcNs { get; }
    Span<byte> NextBuffer(out uint sequence);
    void Send(int length, uint type);
}

/// <summary>
/// The application that QuickFIX's acceptance scripts presume: it sends orders, security definitions and e-mails back as they came, fields sorted by tag, drops an order
/// under PossResend whose ClOrdID it has seen in this session, and refuses every other application message. Nothing of it belongs in an engine.
/// </summary>
public sealed class EchoApplication(FixDictionaries dictionaries, Func<int, IEchoPort> port) : IFixApplication
{
    private const uint SecurityDefinition = 'd', Email = 'C';

    private readonly HashSet<(int, string)> _seen = [];

    public byte[]? OnLogon(int session, in FixHeader header, ReadOnlySpan<byte> message) => null;
    public void OnSessionUp(int session) { }
    public void OnSessionDown(int session, FixDownReason reason) => _seen.RemoveWhere(s => s.Item1 == session);

    public void OnMessage(int session, in FixHeader header, ReadOnlySpan<byte> message)
    {
        switch (header.MsgType)
        {
            case FixMsgType.NewOrderSingle:
                string id = ScriptFile.FieldOf(Encoding.Latin1.GetString(message), FixTag.ClOrdID) ?? "";
                bool isNew = _seen.Add((session, id));
                if (isNew || !header.PossResend) Echo(port(session), in header, message);
                break;
            case SecurityDefinition or Email:
                Echo(port(session), in header, message);
                break;
            default:
                Refuse(port(session), in header);
                break;
        }
    }

    private void Echo(IEchoPort to, in FixHeader header, ReadOnlySpan<byte> message)
    {
        var routing = new List<string>();
        var body = new List<(int Tag, string Text)>();
        var members = dictionaries.For(header.MsgType).Message(header.MsgType)?.Body;
        FieldSet? group = null;
        var fields = new FixFieldReader(message);
        while (fields.Read(out int tag, out var value))
        {
            string text = $"{tag}={Encoding.Latin1.GetString(value)}\u0001";
            if (tag is FixTag.PossResend or FixTag.OnBehalfOfCompID or FixTag.OnBehalfOfSubID or FixTag.DeliverToCompID or FixTag.DeliverToSubID or FixTag.ApplVerID) routing.Add(text);
            if (FixHeader.IsHeaderTag(tag) || FixHeader.IsTrailerTag(tag)) continue;
            if (group is not null && Holds(group, tag))
            {
                // The repetitions travel behind their count, in the order they came.
                body[^1] = (body[^1].Tag, body[^1].Text + text);
                continue;
            }
            body.Add((tag, text));
            int place = members?.PlaceOf(tag) ?? -1;
            group = place >= 0 ? members!.Members[place].Group : null;
        }
        var buffer = to.NextBuffer(out uint sequence);
        var w = FixMessageWriter.Begin(buffer, to.Header, header.MsgType, sequence, to.UtcNs);
        foreach (string text in routing.Concat(body.OrderBy(f => f.Tag).Select(f => f.Text))) w.Raw(Encoding.Latin1.GetBytes(text));
        to.Send(w.Finish(), header.MsgType);
    }

    private static bool Holds(FieldSet group, int tag) => group.Contains(tag) || group.Members.Any(m => m.Group is not null && Holds(m.Group, tag));

    private static void Refuse(IEchoPort to, in FixHeader header)
    {
        var buffer = to.NextBuffer(out uint sequence);
        if (!to.Header.Version.IsAtLeast(FixVersion.Fix42))
        {
            to.Send(AdminMessages.Reject(buffer, to.Header, sequence, to.UtcNs, header.Sequence, 0, header.MsgType, 0, "Unsupported message type"u8, default), FixMsgType.Reject);
            return;
        }
        var w = new FixMessageWriter(buffer, to.Header, (byte)FixMsgType.BusinessMessageReject, sequence, to.UtcNs);
        Span<byte> type = stackalloc byte[4];
        w.Number("45="u8, header.Sequence);
        w.Raw("58=Unsupported Message Type\u0001"u8);
        w.Text("372="u8, type[..FixMsgType.Unpack(header.MsgType, type)]);
        w.Raw("380=3\u0001"u8);
        // QuickFIX names the application's version here too, and its scripts expect it.
        if (to.Header.Version.IsFixt) w.Text("1137="u8, to.Header.Version.DefaultApplVerIdBytes);
        to.Send(w.Finish(), FixMsgType.BusinessMessageReject);
    }
}

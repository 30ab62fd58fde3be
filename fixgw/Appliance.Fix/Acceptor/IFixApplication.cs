namespace Appliance.Fix;

/// <summary>
/// What an application does with the sessions of an acceptor or of an initiator, message by message. Called from Poll, on its thread; application messages
/// come in sequence and once. It may send from within a call.
/// </summary>
public interface IFixApplication
{
    /// <summary>The peer's Logon, sound as far as the session reads it. Null accepts it; a text refuses it.</summary>
    byte[]? OnLogon(int session, in FixHeader header, ReadOnlySpan<byte> message);
    void OnSessionUp(int session);
    void OnSessionDown(int session, FixDownReason reason);
    void OnMessage(int session, in FixHeader header, ReadOnlySpan<byte> message);
}

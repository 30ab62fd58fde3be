using System.Runtime.CompilerServices;
using System.Text;

namespace Appliance.Fix;

/// <summary>Whose word it was that ended a session.</summary>
public enum SessionSpeaker : byte
{
    /// <summary>The peer's Logout.</summary>
    Peer,
    /// <summary>The peer's answer to our Logon: a Logout, or a Reject.</summary>
    PeerAtLogon,
    /// <summary>Our own Logout: the peer did what the session does not take.</summary>
    Ourselves,
}

/// <summary>
/// What was said as a session ended or did not begin: the Text of a Logout, or of the Reject that answered a Logon. A venue's reason stands nowhere else. Written by the session's thread, without
/// allocating; any thread may read it.
/// </summary>
public sealed class SessionWord
{
    private const int BytesMax = 240;

    private readonly byte[] _text = new byte[BytesMax];
    private int _length;
    private SessionSpeaker _speaker;
    // Odd while it is written.
    private long _version;

    /// <summary>How often something was said.</summary>
    public long Count => Volatile.Read(ref _version) / 2;

    internal void Set(ReadOnlySpan<byte> text, SessionSpeaker speaker)
    {
        Volatile.Write(ref _version, _version + 1);
        Interlocked.MemoryBarrier();
        _length = Math.Min(text.Length, BytesMax);
        text[.._length].CopyTo(_text);
        _speaker = speaker;
        Volatile.Write(ref _version, _version + 1);
    }

    /// <summary>The last word, if it is another than the one that was seen.</summary>
    /// <param name="text">Printable ASCII; what is none of it is a '?'. Empty when no reason was given.</param>
    public bool TryRead(ref long seen, out string text, out SessionSpeaker speaker)
    {
        (text, speaker) = ("", SessionSpeaker.Peer);
        long before = Volatile.Read(ref _version);
        if ((before & 1) != 0 || before / 2 == seen) return false;
        string read = Copy(out speaker);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _version) != before) return false;
        (text, seen) = (read, before / 2);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private string Copy(out SessionSpeaker speaker)
    {
        speaker = _speaker;
        var text = new StringBuilder();
        foreach (byte b in _text.AsSpan(0, Math.Clamp(_length, 0, BytesMax))) text.Append(b is >= 32 and < 127 ? (char)b : '?');
        return text.ToString();
    }
}

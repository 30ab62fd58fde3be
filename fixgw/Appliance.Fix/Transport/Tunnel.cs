using System.Runtime.InteropServices;
using System.Text;

namespace Appliance.Fix;

/// <summary>
/// How a connection is asked for at somebody who makes it for us: the CONNECT request of HTTP/1.1 (RFC 9110, 9.3.6). An HTTP proxy understands it, and so does our
/// own TLS companion, which is thereby told which of a session's hosts is meant and can answer with what went wrong. Everything here blocks, for the connector's thread and the companion's.
/// </summary>
internal static unsafe class Tunnel
{
    private const int HeadBytesMax = 4096;

    /// <summary>Asks for a connection and waits for the answer.</summary>
    /// <param name="ended">Why the connection before this one ended, where the other end is a companion that knows more of it than its end.</param>
    /// <returns>Null when the tunnel stands; otherwise what the other end said against it.</returns>
    public static string? Open(SocketHandle socket, FixEndpoint target, int timeoutMs, out string? ended)
    {
        ended = null;
        socket.SetTimeouts(timeoutMs);
        byte[] request = Encoding.ASCII.GetBytes($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        fixed (byte* at = request)
            if (Libc.send(socket.Fd, at, (nuint)request.Length, Libc.MsgNoSignal) != request.Length) return "did not take the request to connect";
        if (ReadHead(socket, out string problem) is not { } head) return problem;
        socket.SetTimeouts(0);
        string line = head.Split('\r', 2)[0];
        string[] parts = line.Split(' ', 3);
        if (parts.Length < 2 || !parts[0].StartsWith("HTTP/1.", StringComparison.Ordinal)) return $"answered \"{Printable(line)}\", which is not HTTP";
        if (parts[1] == "200")
        {
            ended = head.Split("\r\n").FirstOrDefault(l => l.StartsWith(Ended, StringComparison.Ordinal)) is { } text ? Printable(text[Ended.Length..]) : null;
            return null;
        }
        return Printable(parts.Length == 3 && parts[2] != "" ? parts[1] == Refusal ? parts[2] : $"{parts[1]} {parts[2]}" : parts[1]);
    }

    /// <summary>The companion's side: whom the request names; null when it is none, or ends before it is whole.</summary>
    public static FixEndpoint? ReadRequest(Stream stream)
    {
        var head = new List<byte>();
        while (head.Count < HeadBytesMax)
        {
            int next = stream.ReadByte();
            if (next < 0) return null;
            head.Add((byte)next);
            if (head.Count < 4 || !CollectionsMarshal.AsSpan(head)[^4..].SequenceEqual("\r\n\r\n"u8)) continue;
            string[] parts = Encoding.Latin1.GetString(CollectionsMarshal.AsSpan(head)).Split('\r', 2)[0].Split(' ');
            return parts is ["CONNECT", var target, _] && FixEndpoint.TryParse(target, out var endpoint) ? endpoint : null;
        }
        return null;
    }

    /// <param name="problem">Why there is no connection; null when there is one.</param>
    /// <param name="ended">Why the connection before ended, if that is worth telling.</param>
    public static byte[] Answer(string? problem, string? ended) =>
        Encoding.ASCII.GetBytes(problem is null ? $"HTTP/1.1 200 Connected\r\n{(ended is null ? "" : $"{Ended}{Printable(ended)}\r\n")}\r\n" : $"HTTP/1.1 {Refusal} {Printable(problem)}\r\n\r\n");

    private const string Ended = "Ended: ";

    /// <summary>Bad Gateway: what the companion answers when it could not connect; the sentence behind it says why.</summary>
    private const string Refusal = "502";

    /// <summary>Up to the empty line, byte by byte: what follows belongs to the session.</summary>
    private static string? ReadHead(SocketHandle socket, out string problem)
    {
        byte[] head = new byte[HeadBytesMax];
        for (int length = 0; length < head.Length;)
        {
            nint got;
            fixed (byte* at = &head[length]) got = Libc.recv(socket.Fd, at, 1, 0);
            int errno = Marshal.GetLastSystemError();
            if (got < 0 && errno == Libc.ErrorInterrupted) continue;
            if (got <= 0)
            {
                problem = got == 0 ? "ended the connection without an answer" : errno == Libc.ErrorAgain ? "did not answer in time" : Marshal.GetPInvokeErrorMessage(errno);
                return null;
            }
            length++;
            if (length >= 4 && head.AsSpan(length - 4, 4).SequenceEqual("\r\n\r\n"u8))
            {
                problem = "";
                return Encoding.Latin1.GetString(head, 0, length);
            }
        }
        problem = $"answered with more than {HeadBytesMax} bytes";
        return null;
    }

    /// <summary>Another's words go to a terminal and into reports: letters only.</summary>
    private static string Printable(string text) => string.Concat(text.Take(1000).Select(c => c is >= ' ' and <= '~' ? c : '?'));
}

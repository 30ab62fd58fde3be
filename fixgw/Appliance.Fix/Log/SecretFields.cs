namespace Appliance.Fix;

/// <summary>A Logon's passwords and signatures, made unreadable before they are written where people look: each character a '*', and the checksum made to fit, so that the message still checks.</summary>
public static class SecretFields
{
    /// <summary>RawData, Password, NewPassword, EncryptedPassword, EncryptedNewPassword.</summary>
    public static readonly int[] Usual = [96, 554, 925, 1402, 1404];

    public static void Mask(Span<byte> message, ReadOnlySpan<int> tags)
    {
        if (message[..Math.Min(message.Length, 40)].IndexOf("\u000135=A\u0001"u8) < 0)
            return;
        var fields = new FixFieldReader(message);
        int masked = 0;
        while (fields.Read(out int tag, out var value))
        {
            if (tag == FixTag.CheckSum && masked > 0 && value.Length == 3)
            {
                int at = fields.Position - 1 - value.Length;
                FixNumber.WriteFixedWidth(message[at..], FixChecksum.Sum(message[..(at - 3)]), 3);
                return;
            }
            if (tags.IndexOf(tag) < 0) continue;
            message.Slice(fields.Position - 1 - value.Length, value.Length).Fill((byte)'*');
            masked++;
        }
    }
}

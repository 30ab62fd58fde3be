namespace Appliance.Fix;

/// <summary>The FIX 4.4 tags that this project reads or writes, by their names in the specification.</summary>
public static class FixTag
{
    public const int Account = 1, AvgPx = 6, BeginSeqNo = 7, BeginString = 8, BodyLength = 9, CheckSum = 10, ClOrdID = 11, CumQty = 14, EndSeqNo = 16,
        ExecID = 17, HandlInst = 21, LastPx = 31, LastQty = 32, MsgSeqNum = 34, MsgType = 35, NewSeqNo = 36, OrderID = 37, OrderQty = 38, OrdStatus = 39,
        OrdType = 40, OrigClOrdID = 41, PossDupFlag = 43, Price = 44, RefSeqNum = 45, SenderCompID = 49, SenderSubID = 50, SendingTime = 52, Side = 54,
        Symbol = 55, TargetCompID = 56, TargetSubID = 57, Text = 58, TimeInForce = 59, TransactTime = 60, Signature = 89, SecureDataLen = 90, SecureData = 91,
        SignatureLength = 93, RawDataLength = 95, RawData = 96, PossResend = 97, EncryptMethod = 98, CxlRejReason = 102, OrdRejReason = 103, HeartBtInt = 108,
        TestReqID = 112, OnBehalfOfCompID = 115, OnBehalfOfSubID = 116, OrigSendingTime = 122, GapFillFlag = 123, DeliverToCompID = 128, DeliverToSubID = 129,
        ResetSeqNumFlag = 141, SenderLocationID = 142, TargetLocationID = 143, OnBehalfOfLocationID = 144, DeliverToLocationID = 145, ExecType = 150,
        LeavesQty = 151, XmlDataLen = 212, XmlData = 213, MessageEncoding = 347, EncodedTextLen = 354, EncodedText = 355, LastMsgSeqNumProcessed = 369,
        RefTagID = 371, RefMsgType = 372, SessionRejectReason = 373, BusinessRejectRefID = 379, BusinessRejectReason = 380, CxlRejResponseTo = 434,
        LastLiquidityInd = 851;
}

/// <summary>MsgType (35) values as packed little-endian characters: one character is its ASCII code, two are first + second × 256.</summary>
public static class FixMsgType
{
    public const uint Heartbeat = '0', TestRequest = '1', ResendRequest = '2', Reject = '3', SequenceReset = '4', Logout = '5', Logon = 'A',
        ExecutionReport = '8', OrderCancelReject = '9', NewOrderSingle = 'D', OrderCancelRequest = 'F', OrderCancelReplaceRequest = 'G', BusinessMessageReject = 'j';

    /// <summary>Session messages: never resent, always gap-filled (the exception that the specification makes for Reject is not used).</summary>
    public static bool IsAdmin(uint type) => type is >= '0' and <= '5' or 'A';
}

/// <summary>SessionRejectReason (373) values that we send.</summary>
public static class SessionRejectReason
{
    public const int InvalidTag = 0, RequiredTagMissing = 1, TagWithoutValue = 4, ValueIncorrect = 5, IncorrectDataFormat = 6, CompIdProblem = 9, SendingTimeAccuracy = 10,
        InvalidMsgType = 11, TagAppearsMoreThanOnce = 13, TagOutOfOrder = 14;
}
